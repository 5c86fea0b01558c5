package main

import (
	"bufio"
	"net"
	"sync"
)

// relay passes wire messages between clients and the database; at most one write of all connections
// is at the database at any time.
type relay struct {
	dial func() (net.Conn, error)
	turn sync.Mutex

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
}

func newRelay(dial func() (net.Conn, error)) *relay {
	return &relay{dial: dial, conns: map[net.Conn]struct{}{}}
}

func (r *relay) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go r.serveClient(client)
	}
}

// close ends every connection; their goroutines end by themselves.
func (r *relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for conn := range r.conns {
		_ = conn.Close()
	}
}

func (r *relay) track(conn net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.conns[conn] = struct{}{}
	}
	return !r.closed
}

func (r *relay) drop(conn net.Conn) {
	r.mu.Lock()
	delete(r.conns, conn)
	r.mu.Unlock()
	_ = conn.Close()
}

func (r *relay) serveClient(client net.Conn) {
	defer r.drop(client)
	if !r.track(client) {
		return
	}
	database, err := r.dial()
	if err != nil {
		return
	}
	defer r.drop(database)
	if !r.track(database) {
		return
	}
	fromClient, fromDatabase := bufio.NewReader(client), bufio.NewReader(database)
	for {
		request, err := readMessage(fromClient)
		if err != nil {
			return
		}
		wantsReply := request.wantsReply()
		// The database answers every message, so that a write's turn always has an end.
		request.askForReply()
		reply, err := r.exchange(request, database, fromDatabase)
		if err != nil {
			return
		}
		if wantsReply {
			if _, err := client.Write(reply); err != nil {
				return
			}
		}
	}
}

// exchange sends one request and reads its reply. A write holds the turn until its reply is here.
func (r *relay) exchange(request message, database net.Conn, replies *bufio.Reader) (message, error) {
	if request.isWrite() {
		r.turn.Lock()
		defer r.turn.Unlock()
	}
	if _, err := database.Write(request); err != nil {
		return nil, err
	}
	return readMessage(replies)
}
