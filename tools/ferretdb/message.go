package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Wire protocol: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const (
	headerBytes     = 16
	maxMessageBytes = 64 << 20
	opcodeMsg       = 2013

	flagChecksumPresent = 1 << 0
	flagMoreToCome      = 1 << 1
)

// writes are the commands that take turns: those that change documents, and those that change collections.
var writes = map[string]bool{
	"insert": true, "update": true, "delete": true, "findAndModify": true, "findandmodify": true,
	"create": true, "createIndexes": true, "drop": true, "dropDatabase": true, "dropIndexes": true,
	"renameCollection": true,
}

// message is one wire message with its header; all its integers are little-endian.
type message []byte

func readMessage(from io.Reader) (message, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(length[:])
	if size < headerBytes || size > maxMessageBytes {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	m := make(message, size)
	copy(m, length[:])
	if _, err := io.ReadFull(from, m[4:]); err != nil {
		return nil, err
	}
	return m, nil
}

func (m message) isMsg() bool {
	return len(m) >= headerBytes+5 && binary.LittleEndian.Uint32(m[12:]) == opcodeMsg
}

func (m message) flags() uint32 { return binary.LittleEndian.Uint32(m[headerBytes:]) }

// wantsReply is false for an unacknowledged command.
func (m message) wantsReply() bool { return !m.isMsg() || m.flags()&flagMoreToCome == 0 }

// askForReply makes an unacknowledged command an acknowledged one. A message with a checksum stays as it
// is: the checksum covers the flags. (No driver sends checksums.)
func (m message) askForReply() {
	if m.isMsg() && m.flags()&flagChecksumPresent == 0 {
		binary.LittleEndian.PutUint32(m[headerBytes:], m.flags()&^uint32(flagMoreToCome))
	}
}

// isWrite is true for OP_MSG with a writing command, and for any OP_MSG that cannot be understood.
// Every other opcode is a handshake (OP_QUERY) or something that FerretDB refuses.
func (m message) isWrite() bool {
	if !m.isMsg() {
		return false
	}
	name, ok := m.command()
	return !ok || writes[name]
}

// command is the first key of the section of kind 0, which may stand behind sections of kind 1.
func (m message) command() (string, bool) {
	rest := m[headerBytes+4:]
	for len(rest) >= 5 {
		size := binary.LittleEndian.Uint32(rest[1:])
		switch rest[0] {
		case 0:
			return firstKey(rest[1:])
		case 1:
			if uint64(size)+1 > uint64(len(rest)) || size < 4 {
				return "", false
			}
			rest = rest[1+size:]
		default:
			return "", false
		}
	}
	return "", false
}

// firstKey reads a BSON document as far as its first key: int32 length, one byte of type, a C string.
func firstKey(document []byte) (string, bool) {
	if len(document) < 6 {
		return "", false
	}
	key, _, found := bytes.Cut(document[5:], []byte{0})
	return string(key), found
}
