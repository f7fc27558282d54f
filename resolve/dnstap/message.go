package dnstap

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Message is one query or response of an authoritative server.
type Message struct {
	Response bool // AUTH_RESPONSE, else AUTH_QUERY
	TCP      bool
	Client   netip.AddrPort
	Asked    time.Time
	Answered time.Time // of a Response
	Query    []byte    // wire form, of a query
	Answer   []byte    // wire form, of a Response
}

// Numbers of dnstap.proto.
const (
	authQuery, authResponse = 1, 2
	familyINET, familyINET6 = 1, 2
	protocolUDP, protoTCP   = 1, 2
	typeMessage             = 1

	// Fields of Dnstap.
	fieldIdentity, fieldVersion, fieldMessage, fieldType = 1, 2, 14, 15
	// Fields of Message.
	fieldMsgType, fieldFamily, fieldProtocol     = 1, 2, 3
	fieldQueryAddr, fieldQueryPort               = 4, 6
	fieldQuerySec, fieldQueryNsec, fieldQueryMsg = 8, 9, 10
	fieldRespSec, fieldRespNsec, fieldRespMsg    = 12, 13, 14
)

// Wire types of protocol buffers.
const (
	wireVarint  = 0
	wireBytes   = 2
	wireFixed32 = 5
)

func appendVarint(b []byte, field int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(field<<3|wireVarint)), v)
}

func appendFixed32(b []byte, field int, v uint32) []byte {
	return binary.LittleEndian.AppendUint32(binary.AppendUvarint(b, uint64(field<<3|wireFixed32)), v)
}

func appendBytes[T []byte | string](b []byte, field int, v T) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(b, uint64(field<<3|wireBytes)), uint64(len(v))), v...)
}

// Encoder makes frames. Not for concurrent use.
type Encoder struct {
	Identity, Version string // of the server

	msg []byte
}

// Append appends the frame's content, a Dnstap message, to dst.
func (e *Encoder) Append(dst []byte, m *Message) []byte {
	e.msg = m.append(e.msg[:0])
	if e.Identity != "" {
		dst = appendBytes(dst, fieldIdentity, e.Identity)
	}
	if e.Version != "" {
		dst = appendBytes(dst, fieldVersion, e.Version)
	}
	dst = appendBytes(dst, fieldMessage, e.msg)
	return appendVarint(dst, fieldType, typeMessage)
}

func (m *Message) append(b []byte) []byte {
	typ, proto := uint64(authQuery), uint64(protocolUDP)
	if m.Response {
		typ = authResponse
	}
	if m.TCP {
		proto = protoTCP
	}
	b = appendVarint(b, fieldMsgType, typ)
	if a := m.Client.Addr().Unmap(); a.Is4() {
		v := a.As4()
		b = appendVarint(b, fieldFamily, familyINET)
		b = appendVarint(b, fieldProtocol, proto)
		b = appendBytes(b, fieldQueryAddr, v[:])
	} else {
		v := a.As16()
		b = appendVarint(b, fieldFamily, familyINET6)
		b = appendVarint(b, fieldProtocol, proto)
		b = appendBytes(b, fieldQueryAddr, v[:])
	}
	b = appendVarint(b, fieldQueryPort, uint64(m.Client.Port()))
	b = appendVarint(b, fieldQuerySec, uint64(m.Asked.Unix()))
	b = appendFixed32(b, fieldQueryNsec, uint32(m.Asked.Nanosecond()))
	if !m.Response {
		return appendBytes(b, fieldQueryMsg, m.Query)
	}
	b = appendVarint(b, fieldRespSec, uint64(m.Answered.Unix()))
	b = appendFixed32(b, fieldRespNsec, uint32(m.Answered.Nanosecond()))
	return appendBytes(b, fieldRespMsg, m.Answer)
}
