// A MongoDB-protocol database in one process, for trying Harbourmaster and for its tests.
//
// FerretDB answers on a private unix socket. The public TCP port is a relay of wire messages in which
// writes take turns over all connections, because FerretDB's SQLite updates read first and write later:
// without the turns, several of many parallel compare-and-sets would win and $inc would lose counts.
//
// It ends on SIGINT, on SIGTERM, and when its standard input closes (so it never outlives its parent).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/FerretDB/FerretDB/ferretdb"
)

// The socket lies in the data folder, and its name is relative: a unix socket's path is at most about 100 bytes.
const socketName = "ferretdb.sock"

const shutdownLimit = 5 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:27018", "public TCP address")
	dir := flag.String("dir", "", "folder for the database files; it must exist")
	flag.Parse()
	if err := run(*addr, *dir); err != nil {
		fmt.Fprintf(os.Stderr, "ferretdb: %v\n", err)
		os.Exit(1)
	}
}

func run(addr, dir string) error {
	if dir == "" {
		return errors.New("--dir is missing")
	}
	if err := os.Chdir(dir); err != nil {
		return err
	}
	if err := os.Remove(socketName); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()

	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	databaseDone, err := startDatabase(ctx)
	if err != nil {
		return err
	}
	relay := newRelay(func() (net.Conn, error) { return net.Dial("unix", socketName) })
	go relay.serve(listener)
	fmt.Printf("ready on %s\n", listener.Addr())

	<-ctx.Done()
	_ = listener.Close()
	relay.close()
	select {
	case <-databaseDone:
	case <-time.After(shutdownLimit):
	}
	_ = os.Remove(socketName)
	return nil
}

func startDatabase(ctx context.Context) (<-chan struct{}, error) {
	database, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: socketName},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: "file:./",
	})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(socketName, 0o600); err != nil {
		return nil, err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = database.Run(ctx)
	}()
	return done, nil
}
