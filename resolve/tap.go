package resolve

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/plan"
)

// Tap lets somebody see a sample of the queries that workers answer. Each worker copies
// what it samples into a ring of its own; when the ring is full the query is dropped and
// counted, so nobody who is slow holds a worker back. While a State has no taps, workers
// look once a batch whether it has.
type Tap struct {
	opt    TapOptions
	rings  []*ring // by worker
	before uint64  // drops that were told
}

// TapOptions say what a Tap sees. Zero fields let all pass.
type TapOptions struct {
	Name    []byte // wire form, lower case
	Below   bool   // any name below Name, not Name itself
	Client  netip.Prefix
	Line    string
	Type    uint16
	Rcode   int    // -1: any
	Every   uint32 // one in so many of those that pass, at random distances; 0 means 1
	Domains []string
	// Messages adds query and response as they were on the wire.
	Messages bool
	Room     int // octets of each worker's ring
}

// Sighting is one query that a Tap has seen. It is valid until the function that was
// given it returns.
type Sighting struct {
	Began    time.Time // when its batch was taken from the socket
	Took     time.Duration
	TCP      bool
	Client   netip.AddrPort
	ECS      netip.Prefix // zero: none, or none that says anything
	Scope    uint8
	Name     []byte // wire form, lower case; empty when it could not be read
	Type     uint16
	Rcode    uint16
	Size     int    // of the response
	Domain   []byte // access domain that answered, NAME/TYPE
	Line     []byte
	Pool     []byte
	Address  []byte // the first one of the answer
	Query    []byte // with Messages
	Response []byte
}

// taps are those of a State. Never changed in place.
type taps struct{ list []*Tap }

const (
	// fewRoom holds some fifty records without messages.
	fewRoom = 16 << 10
	ringEnd = 1<<32 - 1 // in place of a length: the next record stands at the beginning
)

// Tap begins to look. Whoever calls it drains it often, and ends it with Untap.
func (s *State) Tap(o TapOptions) *Tap {
	o.Every = max(1, o.Every)
	room := fewRoom
	for room < o.Room {
		room *= 2
	}
	t := &Tap{opt: o, rings: make([]*ring, s.opt.Workers)}
	for i := range t.rings {
		t.rings[i] = &ring{buf: make([]byte, room), skip: 1}
	}
	s.tapMu.Lock()
	defer s.tapMu.Unlock()
	var list []*Tap
	if old := s.taps.Load(); old != nil {
		list = slices.Clone(old.list)
	}
	s.taps.Store(&taps{append(list, t)})
	return t
}

// Untap ends a look.
func (s *State) Untap(t *Tap) {
	s.tapMu.Lock()
	defer s.tapMu.Unlock()
	old := s.taps.Load()
	if old == nil {
		return
	}
	list := slices.DeleteFunc(slices.Clone(old.list), func(o *Tap) bool { return o == t })
	if len(list) == 0 {
		s.taps.Store(nil)
		return
	}
	s.taps.Store(&taps{list})
}

// Drain gives f what was seen since the last call, worker by worker, and returns how
// many that should have been seen were dropped. One goroutine at a time may call it.
func (t *Tap) Drain(f func(*Sighting)) (dropped uint64) {
	var s Sighting
	sum := uint64(0)
	for _, r := range t.rings {
		end := r.head.Load() // not what comes meanwhile: a busy worker would keep us here
		for at := r.tail.Load(); at < end; {
			b, next := r.at(at)
			if b != nil {
				s.decode(b)
				f(&s)
			}
			at = next
			r.tail.Store(at)
		}
		sum += r.dropped.Load()
	}
	dropped, t.before = sum-t.before, sum
	return dropped
}

// seen shows a query to all who look. Of name and place only those of an access domain
// that answered are given. Not for the compiler to inline: Handle is to stay short.
//
//go:noinline
func (w *Worker) seen(resp, req []byte, from netip.AddrPort, tcp, read bool, rcode dnswire.Rcode, name *plan.Name) {
	for _, t := range w.taps.list {
		if t.passes(w, from, read, rcode, name) {
			t.keep(w, resp, req, from, tcp, read, rcode, name)
		}
	}
}

// passes holds a query to the filter and then to chance.
func (t *Tap) passes(w *Worker, from netip.AddrPort, read bool, rcode dnswire.Rcode, name *plan.Name) bool {
	o := &t.opt
	if o.Rcode >= 0 && o.Rcode != int(rcode) || o.Type != 0 && (!read || o.Type != w.Query.Type) {
		return false
	}
	if o.Name != nil && (!read || !o.named(w.Query.Name())) {
		return false
	}
	if o.Client.IsValid() {
		who := from.Addr().Unmap()
		if read {
			if p, ok := w.Query.ECS.Prefix(); ok {
				who = p.Addr()
			}
		}
		if !o.Client.Contains(who) {
			return false
		}
	}
	if len(o.Domains) > 0 && (name == nil || !slices.Contains(o.Domains, name.Domain)) {
		return false
	}
	if o.Line != "" {
		if name == nil {
			return false
		}
		if line, _, _ := name.Layout.At(w.choice.Place); line != o.Line {
			return false
		}
	}
	r := t.rings[w.index]
	if r.skip--; r.skip > 0 {
		return false
	}
	r.skip = 1
	if o.Every > 1 { // as in counts.sample: a rhythm in the queries does not matter
		r.skip += w.rng.Uint32n(2*o.Every - 1)
	}
	return true
}

func (o *TapOptions) named(qname []byte) bool {
	if !o.Below {
		return bytes.Equal(qname, o.Name)
	}
	if len(qname) <= len(o.Name) || !bytes.HasSuffix(qname, o.Name) {
		return false
	}
	at := 0 // the suffix must begin where a label does
	for at < len(qname)-len(o.Name) {
		at += 1 + int(qname[at])
	}
	return at == len(qname)-len(o.Name)
}

// fixed is the length of what every record has: times, addresses, numbers and lengths.
const fixed = 8 + 4 + 16 + 2 + 16 + 1 + 1 + 2 + 2 + 2 + 1 + 5 + 2 + 2

const (
	flagTCP = 1 << iota
	flagClient4
	flagECS4
)

func (t *Tap) keep(w *Worker, resp, req []byte, from netip.AddrPort, tcp, read bool, rcode dnswire.Rcode, name *plan.Name) {
	var domain, line, pool, address string
	if name != nil {
		domain = name.Domain
		line, pool, address = name.Layout.At(w.choice.Place)
	}
	var qname []byte
	var typ uint16
	var ecs netip.Prefix
	if read {
		qname, typ = w.Query.Name(), w.Query.Type
		ecs, _ = w.Query.ECS.Prefix()
	}
	size := len(resp)
	if !t.opt.Messages {
		req, resp = nil, nil
	}
	texts := [4]string{domain, line, pool, address}
	for i := range texts { // lengths are one octet; no name of ours is that long
		texts[i] = texts[i][:min(len(texts[i]), 255)]
	}
	r := t.rings[w.index]
	b := r.reserve(fixed + len(qname) + len(texts[0]) + len(texts[1]) + len(texts[2]) + len(texts[3]) + len(req) + len(resp))
	if b == nil {
		return
	}
	now := time.Now() // of those that are kept only
	flags := byte(0)
	put := func(a netip.Addr, four byte) {
		a = a.Unmap()
		if a.Is4() {
			flags |= four
		}
		v := a.As16()
		b = append(b, v[:]...)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(w.began.UnixNano()))
	b = binary.LittleEndian.AppendUint32(b, uint32(min(max(0, now.Sub(w.began)), 1<<32-1)))
	put(from.Addr(), flagClient4)
	b = binary.LittleEndian.AppendUint16(b, from.Port())
	if ecs.IsValid() {
		put(ecs.Addr(), flagECS4)
		b = append(b, byte(ecs.Bits())+1) // 0: none
	} else {
		b = append(b, make([]byte, 17)...)
	}
	b = append(b, w.Response.Scope)
	b = binary.LittleEndian.AppendUint16(b, typ)
	b = binary.LittleEndian.AppendUint16(b, uint16(rcode))
	b = binary.LittleEndian.AppendUint16(b, uint16(size))
	if tcp {
		flags |= flagTCP
	}
	b = append(b, flags, byte(len(qname)), byte(len(texts[0])), byte(len(texts[1])), byte(len(texts[2])), byte(len(texts[3])))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(req)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(resp)))
	b = append(b, qname...)
	for _, s := range texts {
		b = append(b, s...)
	}
	b = append(b, req...)
	b = append(b, resp...)
	r.commit(len(b))
}

// decode reads what keep has written; s points into b.
func (s *Sighting) decode(b []byte) {
	flags := b[fixed-10]
	addr := func(b []byte, four byte) netip.Addr {
		a := netip.AddrFrom16([16]byte(b))
		if flags&four != 0 {
			a = a.Unmap()
		}
		return a
	}
	*s = Sighting{TCP: flags&flagTCP != 0}
	s.Began = time.Unix(0, int64(binary.LittleEndian.Uint64(b)))
	s.Took = time.Duration(binary.LittleEndian.Uint32(b[8:]))
	s.Client = netip.AddrPortFrom(addr(b[12:28], flagClient4), binary.LittleEndian.Uint16(b[28:]))
	if bits := b[46]; bits > 0 {
		s.ECS = netip.PrefixFrom(addr(b[30:46], flagECS4), int(bits)-1)
	}
	s.Scope = b[47]
	s.Type, s.Rcode = binary.LittleEndian.Uint16(b[48:]), binary.LittleEndian.Uint16(b[50:])
	s.Size = int(binary.LittleEndian.Uint16(b[52:]))
	lens := b[fixed-9 : fixed]
	rest := b[fixed:]
	take := func(n int) (out []byte) {
		out, rest = rest[:n:n], rest[n:]
		return out
	}
	s.Name = take(int(lens[0]))
	s.Domain, s.Line, s.Pool, s.Address = take(int(lens[1])), take(int(lens[2])), take(int(lens[3])), take(int(lens[4]))
	s.Query = take(int(binary.LittleEndian.Uint16(lens[5:])))
	s.Response = take(int(binary.LittleEndian.Uint16(lens[7:])))
}

// ring carries records from one worker to one reader. head and tail count octets and
// never go back; a record does not wrap.
type ring struct {
	buf     []byte // its length is a power of two
	head    atomic.Uint64
	skip    uint32 // the worker's: queries until the next sample
	begin   uint64 // the worker's: where the record that it writes begins
	dropped atomic.Uint64
	_       [64]byte // tail is the reader's: it is to lie in another cache line
	tail    atomic.Uint64
}

// reserve returns room for a record of n octets with length 0, or nil when there is none.
func (r *ring) reserve(n int) []byte {
	size, head := uint64(len(r.buf)), r.head.Load()
	free := size - (head - r.tail.Load())
	need := uint64(n) + 4
	at := head % size
	if at+need > size { // not in one piece: go on at the beginning
		if free < size-at+need {
			r.dropped.Add(1)
			return nil
		}
		if size-at >= 4 {
			binary.LittleEndian.PutUint32(r.buf[at:], ringEnd)
		}
		head, at = head+size-at, 0
	} else if free < need {
		r.dropped.Add(1)
		return nil
	}
	r.begin = head
	return r.buf[at+4 : at+4 : at+need]
}

func (r *ring) commit(n int) {
	binary.LittleEndian.PutUint32(r.buf[r.begin%uint64(len(r.buf)):], uint32(n))
	r.head.Store(r.begin + 4 + uint64(n))
}

// at returns the record at a place, nil where there is only the end of the buffer, and
// the place of the next one.
func (r *ring) at(at uint64) (rec []byte, next uint64) {
	size := uint64(len(r.buf))
	i := at % size
	if size-i < 4 {
		return nil, at + size - i
	}
	n := binary.LittleEndian.Uint32(r.buf[i:])
	if n == ringEnd {
		return nil, at + size - i
	}
	return r.buf[i+4 : i+4+uint64(n)], at + 4 + uint64(n)
}
