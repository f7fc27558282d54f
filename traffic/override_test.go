package traffic

import (
	"strings"
	"testing"
	"time"
)

func TestOverrideRules(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		o    Override
		want string // part of the one error, "" for none
	}{
		{Override{Action: Drain, Target: "pool/hz"}, ""},
		{Override{Action: Enable, Target: "address/hz 1", Reason: "so"}, ""},
		{Override{Action: Drain, Target: "access-domain/WWW.Example.com./aaaa"}, ""},
		{Override{Action: Drain, Selector: " tier=web , site=hz"}, ""},
		{Override{Action: Drain, Target: "pool/hz", EndsAt: end, Lasts: Duration(time.Hour)}, ""},
		{Override{Action: "stop", Target: "pool/hz"}, "use drain or enable"},
		{Override{Action: Drain}, "target is missing"},
		{Override{Action: Drain, Target: "pool/hz", Selector: "a=b"}, "stands beside target"},
		{Override{Action: Drain, Target: "zone/example.com"}, "write address/NAME"},
		{Override{Action: Drain, Target: "hz"}, "write address/NAME"},
		{Override{Action: Drain, Target: "pool/"}, "write address/NAME"},
		{Override{Action: Drain, Target: "pool/a/b"}, "character '/'"},
		{Override{Action: Drain, Target: "access-domain/www.example.com"}, "has no type"},
		{Override{Action: Drain, Target: "access-domain/www.example.com/MX"}, "A, AAAA or CNAME"},
		{Override{Action: Drain, Target: "access-domain/a..b/A"}, "the name"},
		{Override{Action: Drain, Selector: "hz"}, "is not a selector"},
		{Override{Action: Drain, Selector: "a=b,a=c"}, "twice"},
		{Override{Action: Drain, Target: "pool/hz", Reason: strings.Repeat("x", 1025)}, "1025 characters"},
		{Override{Action: Drain, Target: "pool/hz", EndsAt: end}, "go together"},
		{Override{Action: Drain, Target: "pool/hz", Lasts: Duration(time.Hour)}, "go together"},
		{Override{Action: Drain, Target: "pool/hz", EndsAt: end, Lasts: 1}, "1s to 8784h0m0s"},
	} {
		c.o.ID = "o"
		c.o.Normalize()
		r := &Report{}
		c.o.Check(r)
		switch {
		case c.want == "" && !r.OK():
			t.Errorf("%+v: %v", c.o, r.Err())
		case c.want != "" && (len(r.Errors) != 1 || !strings.Contains(r.Errors[0].String(), c.want)):
			t.Errorf("%+v: %v, want %q", c.o, r.Errors, c.want)
		}
	}
	for in, want := range map[string]string{"access-domain/WWW.Example.com./aaaa": "access-domain/www.example.com/AAAA", "pool/HZ": "pool/HZ"} {
		o := &Override{ID: "o", Target: in}
		if o.Normalize(); o.Target != want {
			t.Errorf("%s is spelled %s, want %s", in, o.Target, want)
		}
	}
	if o := (&Override{Selector: " tier=web , site=hz"}); true {
		if o.Normalize(); o.Selector != "site=hz,tier=web" {
			t.Errorf("selector is spelled %q", o.Selector)
		}
	}
}

// TestWhichOverrideDecides: named above selected, then drain above enable, then the one
// that holds longest; lapsed ones do not count. A draft decides as the model it would make.
func TestWhichOverrideDecides(t *testing.T) {
	t.Parallel()
	end := func(h int) (time.Time, Duration) {
		return time.Date(2026, 11, 25, h, 0, 0, 0, time.UTC), Duration(time.Hour)
	}
	ordered := []*Override{ // each decides over all behind it
		{ID: "n", Action: Drain, Target: "pool/hz"},
		{ID: "o", Action: Drain, Target: "pool/hz"},
		{ID: "b", Action: Drain, Target: "pool/hz"},
		{ID: "a", Action: Drain, Target: "pool/hz"},
		{ID: "c", Action: Enable, Target: "pool/hz"},
		{ID: "d", Action: Drain, Selector: "site=hz"},
		{ID: "e", Action: Enable, Selector: "site=hz,tier=web"},
		{ID: "f", Action: Enable, Selector: "tier=web"},
	}
	ordered[2].EndsAt, ordered[2].Lasts = end(3)
	ordered[3].EndsAt, ordered[3].Lasts = end(2)
	hz, labels := Key{KindPool, "hz"}, map[string]string{"site": "hz", "tier": "web"}
	for first := range ordered {
		base := NewModel()
		d := NewDraft(base)
		lapsed := map[string]bool{}
		for i := len(ordered) - 1; i >= 0; i-- { // any order of arrival
			o := *ordered[i]
			o.Normalize()
			switch {
			case i < first && i%2 == 0:
				lapsed[o.ID] = true
				base.Apply([]Change{{Key: o.Key(), After: &o}})
			case i < first:
				base.Apply([]Change{{Key: o.Key(), After: &o}})
				d = NewDraft(base)
			case i%2 == 0:
				base.Apply([]Change{{Key: o.Key(), After: &o}})
			}
		}
		for i, o := range ordered {
			c := *o
			if i < first && i%2 == 1 {
				d.Delete(c.Key())
			} else if i >= first && i%2 == 1 {
				d.Put(&c)
			}
		}
		got := d.Override(hz, labels, lapsed)
		if got == nil || got.ID != ordered[first].ID {
			t.Fatalf("of %d: the draft goes by %+v, want %s", first, got, ordered[first].ID)
		}
		base.Apply(d.Changes())
		if got := base.Override(hz, labels, lapsed); got == nil || got.ID != ordered[first].ID {
			t.Fatalf("of %d: the model goes by %+v, want %s", first, got, ordered[first].ID)
		}
		if got := base.Override(Key{KindPool, "sh"}, map[string]string{"site": "sh"}, lapsed); got != nil {
			t.Errorf("another pool goes by %+v", got)
		}
		if got := base.Override(Key{KindAccessDomain, "x/A"}, labels, lapsed); got != nil {
			t.Errorf("an access domain goes by the selector of %+v", got)
		}
	}
}

// TestAnOverrideOutlivesItsTarget: it neither keeps an object from being deleted nor goes
// with it; who deletes is told.
func TestAnOverrideOutlivesItsTarget(t *testing.T) {
	t.Parallel()
	m := NewModel()
	d := NewDraft(m)
	d.Put(&Pool{Name: "hz", Type: IPv4, Steering: Steering{Policy: RoundRobin}, Judgement: AnyOK, Meta: Meta{Enabled: true}})
	d.Put(&Override{ID: "o1", Action: Drain, Target: "pool/hz", Author: "ann"})
	if r := d.Check(); !r.OK() {
		t.Fatal(r.Err())
	}
	m.Apply(d.Changes())
	d = NewDraft(m)
	d.Delete(Key{KindPool, "hz"})
	r := d.Check()
	if !r.OK() || len(r.Warnings) != 1 || r.Warnings[0].Code != "overridden" || !strings.Contains(r.Warnings[0].Message, "o1 (drain pool/hz)") {
		t.Fatalf("%v %v", r.Errors, r.Warnings)
	}
	m.Apply(d.Changes())
	if o := m.Override(Key{KindPool, "hz"}, nil, nil); o == nil || o.ID != "o1" {
		t.Errorf("after the deletion the order is %v", o)
	}
	d = NewDraft(m)
	d.Delete(Key{KindOverride, "o1"})
	if r := d.Check(); !r.OK() || len(d.Changes()) != 1 {
		t.Errorf("%v", r.Err())
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"pool/hz", "address/a b", "access-domain/x.example.com/A", "access-domain/0/25.2.0.192.in-addr.arpa/A", "pool//", "/", "access-domain/*.x/aaaa"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := ParseTarget(s)
		if err != nil {
			return
		}
		if again, err := ParseTarget(TargetOf(k)); err != nil || again != k {
			t.Fatalf("%q is %v, written and read again %v, %v", s, k, again, err)
		}
	})
}
