package resolve

import (
	"slices"
	"testing"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/traffic"
)

// Control moves a zone's serial in every revision that touches its records, so the
// zone and its records come together.
func TestRecordsThatComeWithTheirZonesNewSerialAreServed(t *testing.T) {
	t.Parallel()
	n := newNode(1)
	zone := zoneObj("example.com")
	n.load(t, []traffic.Object{zone})
	w := n.NewWorker(0, 1232)
	text := func(data string) *traffic.Record {
		return &traffic.Record{Zone: "example.com", Name: "new.example.com.", Type: "TXT", TTL: 60, Data: []string{data}, Meta: traffic.Meta{Enabled: true}}
	}
	serial := zone.Serial
	step := func(r *traffic.Record, after traffic.Object) {
		t.Helper()
		serial++
		z := zoneObj("example.com")
		z.Serial = serial
		changes := []traffic.Change{{Key: z.Key(), After: z}, {Key: r.Key(), After: after}}
		if err := n.Apply(traffic.Position{Epoch: 1, Revision: uint64(serial)}, false, changes); err != nil {
			t.Fatal(err)
		}
	}
	answer := func(rcode int, want ...string) {
		t.Helper()
		m := ask(t, w, "192.0.2.1", "new.example.com", "TXT", "")
		if got := rrs(m.Answer); m.Rcode != rcode || !slices.Equal(got, want) {
			t.Errorf("at serial %d: %s %q, want %s %q", serial, dns.RcodeToString[m.Rcode], got, dns.RcodeToString[rcode], want)
		}
		soa := ask(t, w, "192.0.2.1", "example.com", "SOA", "")
		if got := soa.Answer[0].(*dns.SOA).Serial; got != serial {
			t.Errorf("the SOA says serial %d, want %d", got, serial)
		}
	}
	answer(dns.RcodeNameError)
	one, two := text(`"one"`), text(`"two"`)
	step(one, one)
	answer(dns.RcodeSuccess, "new.example.com. 60 IN TXT \"one\"")
	step(two, two)
	answer(dns.RcodeSuccess, "new.example.com. 60 IN TXT \"two\"")
	step(two, nil)
	answer(dns.RcodeNameError)
}
