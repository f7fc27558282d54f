package dnstap

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	reader "github.com/dnstap/golang-dnstap"
	"google.golang.org/protobuf/proto"
)

// FuzzControl: what a collector says never makes us read beyond it.
func FuzzControl(f *testing.F) {
	f.Add(appendControl(nil, controlAccept, true)[8:])
	f.Add(appendControl(nil, controlFinish, false)[8:])
	f.Fuzz(func(t *testing.T, b []byte) {
		typ, types, err := parseControl(b)
		if err != nil {
			return
		}
		n := 0
		for _, x := range types {
			n += 8 + len(x)
		}
		if n+4 > len(b) {
			t.Errorf("type %d with %d octets of content types in %d", typ, n, len(b))
		}
	})
}

// FuzzMessage: the public library reads back what is written of anything.
func FuzzMessage(f *testing.F) {
	f.Add([]byte{192, 0, 2, 1}, uint16(53), int64(1e18), []byte("query"), true, "edge")
	f.Fuzz(func(t *testing.T, ip []byte, port uint16, at int64, raw []byte, response bool, id string) {
		a, ok := netip.AddrFromSlice(ip)
		if !ok || at < 0 {
			return
		}
		m := Message{Response: response, Client: netip.AddrPortFrom(a, port), Asked: time.Unix(0, at), Answered: time.Unix(0, at), Query: raw, Answer: raw}
		e := Encoder{Identity: id, Version: "v"}
		var d reader.Dnstap
		if err := proto.Unmarshal(e.Append([]byte{}, &m), &d); err != nil {
			t.Fatal(err)
		}
		got := d.Message.QueryMessage
		if response {
			got = d.Message.ResponseMessage
		}
		back, _ := netip.AddrFromSlice(d.Message.QueryAddress)
		if !bytes.Equal(got, raw) || back != a.Unmap() || d.Message.GetQueryPort() != uint32(port) || int64(d.Message.GetQueryTimeSec())*1e9+int64(d.Message.GetQueryTimeNsec()) != at || string(d.Identity) != id {
			t.Errorf("%v becomes %v", m, &d)
		}
	})
}

func TestAppendAllocatesNothing(t *testing.T) {
	m := Message{Response: true, Client: netip.MustParseAddrPort("192.0.2.1:53"), Asked: time.Now(), Answered: time.Now(), Answer: make([]byte, 100)}
	e, b := Encoder{Identity: "edge", Version: "v"}, make([]byte, 0, 4096)
	e.Append(b, &m)
	if a := testing.AllocsPerRun(100, func() { e.Append(b, &m) }); a != 0 {
		t.Errorf("%v allocations", a)
	}
}
