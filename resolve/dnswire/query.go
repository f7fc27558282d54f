package dnswire

import "encoding/binary"

// Query is one parsed request. The zero value is ready for Parse; one Query is
// reused for all packets of a worker. Fields are valid as far as Parse came:
// after FormErr those behind the fault hold nothing of use.
type Query struct {
	ID      uint16
	Type    uint16
	Class   uint16
	UDPSize uint16 // payload size offered by EDNS, as sent; 0 without EDNS
	RD      bool
	EDNS    bool // an OPT record is present
	DO      bool
	ECS     ECS

	flags   uint16
	nameLen uint8
	name    [MaxName]byte
	// question is msg[HeaderLen:end of question], as sent, or nil while no valid
	// question was read. It keeps the sender's letter case for the reply.
	question []byte
}

// Name returns the query name in lower-cased wire form. It points into q.
func (q *Query) Name() []byte { return q.name[:q.nameLen] }

// Limit returns the largest response in octets that may be sent: over TCP the
// most that the length field holds, over UDP what the client offered but no
// more than udpMax, and 512 without EDNS (RFC 6891 §6.2.3).
func (q *Query) Limit(udpMax int, tcp bool) int {
	switch {
	case tcp:
		return MaxMessage
	case !q.EDNS:
		return MinUDP
	}
	return max(MinUDP, min(int(q.UDPSize), udpMax))
}

// Parse reads msg, which must stay unchanged until the response is finished.
// NoError means that the question may be answered. Silence means that nothing
// may be sent. Any other code is to be sent by [AppendError].
func (q *Query) Parse(msg []byte) Rcode {
	q.question = nil
	q.EDNS, q.DO, q.UDPSize = false, false, 0
	q.ECS.reset()

	rcode := q.parseHeader(msg)
	if rcode != NoError {
		return rcode
	}
	off := q.parseQuestion(msg)
	if off < 0 {
		return FormErr
	}
	// Authority records occur in an IXFR request (RFC 1995 §3); like those of the
	// additional section they are passed over.
	for range binary.BigEndian.Uint16(msg[8:]) {
		var typ uint16
		if off, typ, _ = skipRecord(msg, off); off < 0 || typ == TypeOPT {
			return FormErr
		}
	}
	if rcode = q.parseAdditional(msg, off, int(binary.BigEndian.Uint16(msg[10:]))); rcode != NoError {
		return rcode
	}
	return metaType(q.Type)
}

// parseHeader decides from the 12 octets alone.
func (q *Query) parseHeader(msg []byte) Rcode {
	if len(msg) < HeaderLen {
		return Silence // no id to answer with
	}
	q.ID = binary.BigEndian.Uint16(msg)
	q.flags = binary.BigEndian.Uint16(msg[2:])
	q.RD = q.flags&flagRD != 0
	switch {
	case q.flags&flagQR != 0:
		return Silence // answering responses lets two servers play ping-pong
	case q.flags&opcodeMask != 0:
		return NotImp // NOTIFY, UPDATE, STATUS, DSO: RFC 1035 §4.1.1
	case binary.BigEndian.Uint16(msg[4:]) != 1:
		return FormErr // RFC 9619 §4
	case binary.BigEndian.Uint16(msg[6:]) != 0:
		return FormErr // a query has no answers
	}
	return NoError
}

// parseQuestion returns the offset after the question, or -1.
func (q *Query) parseQuestion(msg []byte) int {
	// A pointer cannot occur in the first name of a message: nothing valid lies
	// before it. So a length octet above 63 is always a fault.
	n, ok := NameLen(msg[HeaderLen:])
	end := HeaderLen + n + 4
	if !ok || end > len(msg) {
		return -1
	}
	for i, c := range msg[HeaderLen : HeaderLen+n] {
		q.name[i] = lower(c)
	}
	q.nameLen = uint8(n)
	q.Type = binary.BigEndian.Uint16(msg[end-4:])
	q.Class = binary.BigEndian.Uint16(msg[end-2:])
	q.question = msg[HeaderLen:end]
	return end
}

// skipRecord passes over the record at off and returns the offset after it (-1
// when malformed), its type, and the offset of its fixed part.
func skipRecord(msg []byte, off int) (next int, typ uint16, fixed int) {
	fixed = skipName(msg, off)
	if fixed < 0 || fixed+10 > len(msg) {
		return -1, 0, 0
	}
	next = fixed + 10 + int(binary.BigEndian.Uint16(msg[fixed+8:]))
	if next > len(msg) {
		return -1, 0, 0
	}
	return next, binary.BigEndian.Uint16(msg[fixed:]), fixed
}

// metaType sorts out query types that no zone can hold.
func metaType(t uint16) Rcode {
	switch t {
	case 0, TypeOPT, TypeTSIG:
		return FormErr // RFC 6895 §3.1, RFC 6891 §6.1.1, RFC 8945 §4.2: never asked for
	case TypeNXNAME:
		return FormErr // RFC 9824 §3.5
	case TypeTKEY, TypeMAILA, TypeMAILB:
		return NotImp // RFC 2930 and RFC 1035 §3.2.3 kinds that we do not speak
	}
	return NoError
}
