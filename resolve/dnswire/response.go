package dnswire

import (
	"encoding/binary"
	"net/netip"
)

// Section is a part of the message that holds records. Sections are filled in
// this order.
type Section uint8

// The three sections.
const (
	Answer Section = iota
	Authority
	Additional
)

// maxTargets is how many name suffixes are remembered as targets of
// compression. A chain of 12 links with 4 new labels each fits; beyond that
// names are written out, which costs octets and nothing else.
const maxTargets = 48

// target is a name that later names may point to.
type target struct {
	off    uint16 // from the start of the message, below 0x4000
	octets uint8  // its uncompressed length
}

// Response writes one message. The zero value is ready for Begin; one Response
// is reused for all packets of a worker.
type Response struct {
	// Rcode and AA may be set at any time before Finish.
	Rcode Rcode
	AA    bool
	// Scope is the ECS scope prefix length of the answer in bits; sent only when
	// the query carried ECS.
	Scope uint8
	// UDPSize is the payload size that we offer in our OPT record; Begin leaves
	// it alone, 0 means DefaultUDP.
	UDPSize uint16

	q       *Query
	buf     []byte
	start   int // offset of the message in buf
	limit   int // len(buf) that the sections may not pass
	body    int // offset in buf after the question
	sec     Section
	count   [3]uint16
	tc      bool
	targets [maxTargets]target
	n       int // used targets
}

// mark is a state to return to when an RRset does not fit.
type mark struct {
	end, n int
	count  [3]uint16
	sec    Section
}

// Begin starts the response to q, appended to dst, of at most limit octets. The
// message's start may lie anywhere in a buffer (TCP keeps two octets before it).
func (r *Response) Begin(dst []byte, q *Query, limit int) {
	r.q, r.start = q, len(dst)
	r.Rcode, r.AA, r.Scope = NoError, false, 0
	r.sec, r.tc, r.n = Answer, false, 0
	r.count = [3]uint16{}

	var hdr [HeaderLen]byte
	dst = append(dst, hdr[:]...)
	dst = append(dst, q.question...)
	r.buf, r.body = dst, len(dst)
	// The OPT record is part of every answer to an EDNS query, so its octets are
	// taken off first (RFC 6891 §7).
	r.limit = r.start + limit - r.optLen()
	if q.question != nil {
		r.remember(q.Name(), HeaderLen)
	}
}

// Query returns the query that Begin was given.
func (r *Response) Query() *Query { return r.q }

// Count returns how many records a section holds so far.
func (r *Response) Count(sec Section) int { return int(r.count[sec]) }

// Truncated reports whether Truncate was called since Begin.
func (r *Response) Truncated() bool { return r.tc }

// Truncate drops all records and sets TC, so that the client asks again over
// TCP. Partial RRsets are never sent (RFC 2181 §9).
func (r *Response) Truncate() {
	r.rollback(mark{end: r.body})
	if r.q.question != nil {
		r.remember(r.q.Name(), HeaderLen)
	}
	r.tc = true
}

// AppendRRset appends a whole RRset owned by the wire name owner, or leaves the
// message alone and reports false when it does not fit. rdata is uncompressed
// wire form. A section before the one last written to is closed: false.
func (r *Response) AppendRRset(sec Section, owner []byte, typ uint16, ttl uint32, rdata [][]byte) bool {
	return r.AppendRotated(sec, owner, typ, ttl, rdata, 0)
}

// AppendRotated is AppendRRset with the records in cyclic order from index
// first, which must lie in [0, len(rdata)) or be 0.
func (r *Response) AppendRotated(sec Section, owner []byte, typ uint16, ttl uint32, rdata [][]byte, first int) bool {
	if sec < r.sec {
		return false
	}
	m := r.mark()
	ptr := uint16(0)
	for i := range rdata {
		j := i + first
		if j >= len(rdata) {
			j -= len(rdata)
		}
		if ptr = r.appendRecord(sec, owner, ptr, typ, ttl, rdata[j]); len(r.buf) > r.limit {
			r.rollback(m)
			return false
		}
	}
	return true
}

// AppendRR appends one record on the terms of AppendRRset.
func (r *Response) AppendRR(sec Section, owner []byte, typ uint16, ttl uint32, rdata []byte) bool {
	if sec < r.sec {
		return false
	}
	m := r.mark()
	if r.appendRecord(sec, owner, 0, typ, ttl, rdata); len(r.buf) > r.limit {
		r.rollback(m)
		return false
	}
	return true
}

// AppendAddr appends one A or AAAA record, by the kind of addr, on the terms of
// AppendRRset. An IPv4-mapped IPv6 address is an AAAA record.
func (r *Response) AppendAddr(sec Section, owner []byte, ttl uint32, addr netip.Addr) bool {
	if addr.Is4() {
		a := addr.As4()
		return r.AppendRR(sec, owner, TypeA, ttl, a[:])
	}
	a := addr.As16()
	return r.AppendRR(sec, owner, TypeAAAA, ttl, a[:])
}

// Finish writes OPT and header and returns the caller's buffer with the message
// at its end. The message is at most as long as Begin's limit, unless header,
// question and OPT alone are longer.
func (r *Response) Finish() []byte {
	if r.q.EDNS {
		r.appendOPT()
	}
	h := r.buf[r.start:]
	// RA 0: we do not recurse. AD and CD 0: RFC 4035 §3.1.6.
	flags := flagQR | r.q.flags&(opcodeMask|flagRD) | uint16(r.Rcode&0xF)
	if r.AA {
		flags |= flagAA
	}
	if r.tc {
		flags |= flagTC
	}
	qd := uint16(0)
	if r.q.question != nil {
		qd = 1
	}
	binary.BigEndian.PutUint16(h, r.q.ID)
	binary.BigEndian.PutUint16(h[2:], flags)
	binary.BigEndian.PutUint16(h[4:], qd)
	binary.BigEndian.PutUint16(h[6:], r.count[Answer])
	binary.BigEndian.PutUint16(h[8:], r.count[Authority])
	binary.BigEndian.PutUint16(h[10:], r.count[Additional])
	return r.buf
}

// AppendError appends the response with rcode and no records to dst, and dst
// itself when rcode is Silence. r must not be nil; q is what Parse left.
func (r *Response) AppendError(dst []byte, q *Query, rcode Rcode) []byte {
	if rcode == Silence {
		return dst
	}
	r.Begin(dst, q, MaxMessage)
	r.Rcode = rcode
	return r.Finish()
}

func (r *Response) mark() mark { return mark{len(r.buf), r.n, r.count, r.sec} }

func (r *Response) rollback(m mark) {
	r.buf, r.n, r.count, r.sec = r.buf[:m.end], m.n, m.count, m.sec
}

// optLen is how many octets appendOPT will write.
func (r *Response) optLen() int {
	if !r.q.EDNS {
		return 0
	}
	n := 11
	if r.sendsECS() {
		n += 8 + r.q.ECS.octets()
	}
	return n
}

// sendsECS reports whether ECS is echoed. After a fault in the option there is
// nothing right to echo, and Present is false.
func (r *Response) sendsECS() bool { return r.q.ECS.Present }

func (r *Response) appendOPT() {
	size := r.UDPSize
	if size == 0 {
		size = DefaultUDP
	}
	ttl := uint32(r.Rcode>>4) << 24 // version 0
	if r.q.DO {
		ttl |= flagDO // RFC 3225 §3: copied
	}
	b := append(r.buf, 0)
	b = binary.BigEndian.AppendUint16(b, TypeOPT)
	b = binary.BigEndian.AppendUint16(b, size)
	b = binary.BigEndian.AppendUint32(b, ttl)
	if e := &r.q.ECS; r.sendsECS() {
		n := e.octets()
		b = binary.BigEndian.AppendUint16(b, uint16(8+n))
		b = binary.BigEndian.AppendUint16(b, optionECS)
		b = binary.BigEndian.AppendUint16(b, uint16(4+n))
		b = binary.BigEndian.AppendUint16(b, e.Family)
		b = append(b, e.Source, r.Scope)
		b = append(b, e.addr[:n]...)
	} else {
		b = append(b, 0, 0)
	}
	r.buf = b
	r.count[Additional]++
}
