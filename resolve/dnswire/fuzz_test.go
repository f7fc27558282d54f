package dnswire

import (
	"bytes"
	"testing"

	"github.com/miekg/dns"
)

func seedCorpus(f *testing.F) {
	f.Add(ask(f, "www.example.", dns.TypeA, nil))
	f.Add(ask(f, "WWW.example.", dns.TypeA, withECS(1, 24, 0, "198.51.100.0")))
	f.Add(ask(f, "a.b.c.", dns.TypeAAAA, withECS(2, 56, 0, "2001:db8::")))
	f.Add(ask(f, ".", dns.TypeNS, func(m *dns.Msg) { m.SetEdns0(4096, true) }))
	f.Add(opt("0008 0004 0000 00 00"))
	f.Add(opt("000a 0008 0102030405060708 0008 0007 0001 18 00 c63364"))
	f.Add(opt("0008 0007 0001 17 00 c63365"))
	f.Add([]byte{0, 1, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	f.Add([]byte{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xC0, 12, 0, 1, 0, 1})
}

// What parses comes back the same when written and parsed again, and the library
// reads it alike. What does not parse gets a reply that the library can read.
func FuzzParse(f *testing.F) {
	seedCorpus(f)
	f.Fuzz(func(t *testing.T, msg []byte) {
		var q, again Query
		var resp Response
		orig := bytes.Clone(msg)
		rcode := q.Parse(msg)
		if !bytes.Equal(orig, msg) {
			t.Fatal("Parse changed the request")
		}
		checkReply(t, msg, rcode, resp.AppendError(nil, &q, rcode))
		if rcode != NoError {
			return
		}
		written := q.appendTo(nil)
		if rcode := again.Parse(written); rcode != NoError || !again.same(&q) {
			t.Fatalf("%x came back as %x: %d, %+v", msg, written, rcode, again)
		}
		var m dns.Msg
		if err := m.Unpack(written); err != nil {
			t.Fatalf("the library cannot read %x: %v", written, err)
		}
		buf := make([]byte, 300)
		n, err := dns.PackDomainName(m.Question[0].Name, buf, 0, nil, false)
		if err != nil || !bytes.Equal(buf[:n], q.Name()) || m.Question[0].Qtype != q.Type || m.Question[0].Qclass != q.Class {
			t.Fatalf("library reads %v (%v), we %q", m.Question[0], err, q.Name())
		}
		o := m.IsEdns0()
		if (o != nil) != q.EDNS {
			t.Fatalf("library's EDNS %v, ours %v", o, q.EDNS)
		}
		if o != nil && (o.Do() != q.DO || o.UDPSize() != q.UDPSize) {
			t.Fatalf("library's OPT %v, ours %+v", o, q)
		}
		if o == nil {
			return
		}
		for _, opt := range o.Option {
			e, ok := opt.(*dns.EDNS0_SUBNET)
			if !ok {
				continue
			}
			p, known := q.ECS.Prefix()
			if e.Family != q.ECS.Family || e.SourceNetmask != q.ECS.Source || known && !e.Address.Equal(p.Addr().AsSlice()) {
				t.Fatalf("library's ECS %v, ours %+v", e, q.ECS)
			}
		}
	})
}

// A query that the library accepts as one is not refused by us for its form: the
// library packs it, within the rules that it does not know itself.
func FuzzAcceptsWhatTheLibraryPacks(f *testing.F) {
	f.Add("www.example.", uint16(1), uint16(1), true, uint16(1232), false, uint8(24), []byte{198, 51, 100, 0})
	f.Add("a\\000b.", uint16(28), uint16(3), true, uint16(0), true, uint8(56), []byte("\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add(".", uint16(255), uint16(255), false, uint16(0), true, uint8(0), []byte{})
	f.Fuzz(func(t *testing.T, name string, qtype, class uint16, edns bool, size uint16, do bool, source uint8, addr []byte) {
		if name == "" {
			return // the library packs no octets at all for it
		}
		m := new(dns.Msg)
		m.Id = 7
		m.Question = []dns.Question{{Name: name, Qtype: qtype, Qclass: class}}
		if edns {
			m.SetEdns0(size, do)
			e := &dns.EDNS0_SUBNET{Code: dns.EDNS0SUBNET, SourceNetmask: source}
			switch len(addr) {
			case 4:
				e.Family = 1
			case 16:
				e.Family = 2
			default:
				e = nil
			}
			if e != nil {
				if int(source) > 8*len(addr) {
					return
				}
				e.Address = addr
				m.IsEdns0().Option = append(m.IsEdns0().Option, e)
			}
		}
		msg, err := m.Pack()
		if err != nil {
			return
		}
		var q Query
		rcode := q.Parse(msg)
		if want := metaType(qtype); rcode != want {
			t.Fatalf("%x: rcode %d, want %d", msg, rcode, want)
		}
		var resp Response
		resp.Begin(nil, &q, MaxMessage)
		var back dns.Msg
		if err := back.Unpack(resp.Finish()); err != nil {
			t.Fatal(err)
		}
		// 0x20: letter for letter, but as the library spells escapes.
		var sent dns.Msg
		if err := sent.Unpack(msg); err != nil {
			t.Fatal(err)
		}
		if back.Question[0] != sent.Question[0] {
			t.Fatalf("question %v came back as %v", sent.Question[0], back.Question[0])
		}
		if edns && len(sent.IsEdns0().Option) > 0 {
			was, is := sent.IsEdns0().Option[0].String(), back.IsEdns0().Option[0].String()
			if was != is {
				t.Fatalf("ECS %s came back as %s", was, is)
			}
		}
	})
}
