package traffic

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestSelectors(t *testing.T) {
	t.Parallel()
	labels := map[string]string{"country": "CN", "isp": "telecom", "empty": ""}
	for _, c := range []struct {
		name, in string
		want     bool
	}{
		{"an id selects itself", "hz-1", true}, {"and nobody else", "hz-2", false},
		{"one label", "country=CN", true}, {"two labels", "country=CN,isp=telecom", true}, {"spaces around do not matter", " country = CN , isp=telecom", true},
		{"both must hold", "country=CN,isp=unicom", false}, {"case matters", "country=cn", false},
		{"an absent label is not an empty one", "city=", false}, {"an empty label is", "empty=", true},
	} {
		s, err := ParseSelector(c.in)
		if err != nil || s.Match("hz-1", labels) != c.want {
			t.Errorf("%s: %v, %v", c.name, !c.want, err)
		}
	}
	m := &Template{}
	if !m.Selects("x", nil) {
		t.Error("no selector does not mean all")
	}
	m.Vantages = []string{"hz-2", "isp=telecom"}
	if !m.Selects("hz-1", labels) || !m.Selects("hz-2", nil) || m.Selects("hz-3", nil) {
		t.Error("a list of selectors does not select any of them")
	}
	if _, err := ParseSelector(strings.Repeat("a=b,", 1<<20)); err == nil || len(err.Error()) > 200 {
		t.Errorf("a huge selector: %.300v", err)
	}
}

func TestJudgements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		j         Judgement
		total     int
		firstGood int // the least number of good ones that holds
	}{
		{AnyOK, 10, 1}, {P30OK, 10, 3}, {P50OK, 10, 5}, {P70OK, 10, 7}, {AllOK, 10, 10},
		{P30OK, 3, 1}, {P50OK, 3, 2}, {P70OK, 3, 3}, {P30OK, 4, 2}, {P70OK, 1, 1}, {P30OK, 1, 1},
	} {
		for ok := 0; ok <= c.total; ok++ {
			if got := c.j.Holds(ok, c.total); got != (ok >= c.firstGood) {
				t.Errorf("%s of %d: %d good hold %v", c.j, c.total, ok, got)
			}
		}
		if c.j.Holds(0, 0) {
			t.Errorf("%s holds of nothing", c.j)
		}
	}
}

func TestTaskPorts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p          Protocol
		port, want int
	}{{Ping, 0, 0}, {Ping, 80, 0}, {TCP, 22, 22}, {TCP, 0, 0}, {HTTP, 0, 80}, {HTTP, 8080, 8080}, {HTTPS, 0, 443}, {HTTPS, 8443, 8443}} {
		if got := task("t", c.port).EffectivePort(c.p); got != c.want {
			t.Errorf("%s port %d is %d, want %d", c.p, c.port, got, c.want)
		}
	}
	if a, b := (TaskKey{"hz-1", "web", 80}).String(), (TaskKey{"hz-1", "ping", 0}).String(); a != "hz-1/web/80" || b != "hz-1/ping" {
		t.Errorf("task keys %s, %s", a, b)
	}
	m := &Template{EvaluationCount: 3}
	if m.Recovery() != 3 {
		t.Error("a recovery count left out is not the evaluation count")
	}
	if m.RecoveryCount = 1; m.Recovery() != 1 {
		t.Error("a recovery count is not taken")
	}
}

// TestHugeInputsEnd: a body of megabytes is answered with an error, not with minutes.
func TestHugeInputsEnd(t *testing.T) {
	t.Parallel()
	start := time.Now()
	big := strings.Repeat("x", 4<<20)
	objects := []Object{
		&Zone{Name: big}, &Zone{Name: strings.Repeat("a.", 1<<20)}, &Zone{Name: strings.Repeat("ü.", 1<<20)}, &Record{Zone: "x", Name: big, Type: big, Data: []string{big}},
		&Record{Zone: "x", Name: "y", Type: "TXT", Data: []string{strings.Repeat(`"a" `, 1<<19)}}, &Address{Name: big, Address: big}, &Line{Name: big, CIDRs: []string{big}},
		&Template{Name: big, Protocol: TCP, TCP: &TCPOptions{Send: strings.Repeat(`\q`, 1<<20)}, Vantages: []string{big, strings.Repeat("a=b,", 1<<19)}},
		&Template{Name: big, Protocol: HTTPS, HTTPS: &HTTPOptions{Host: big, Path: "/" + big, SNI: big, ExpectStatus: []string{big}, Headers: map[string]Value{big: {Text: big}}}},
		&AccessDomain{Name: "*." + big}, &Assertion{Name: big, Line: big},
	}
	for i, o := range objects {
		o.Normalize()
		r := &Report{}
		if o.Check(r); r.OK() {
			t.Errorf("object %d (%T) of megabytes was taken", i, o)
		}
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzParseSelector(f *testing.F) {
	for _, s := range []string{"hz-1", "country=CN,isp=telecom", "a=", "=", "a=b=c", " a = b ", "a,b=c", "a=1,a=2", "\xff=", ","} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sel, err := ParseSelector(s)
		if err != nil {
			return
		}
		if (sel.ID == "") == (len(sel.Labels) == 0) {
			t.Fatalf("%q selects by %+v", s, sel)
		}
		if sel.ID != "" {
			if !sel.Match(s, nil) || sel.Match(s+"x", nil) {
				t.Fatalf("%q does not select itself alone", s)
			}
			return
		}
		// What it selects, and what it is, written out again.
		var parts []string
		for k, v := range sel.Labels {
			parts = append(parts, k+"="+v)
		}
		again, err := ParseSelector(strings.Join(parts, ","))
		if err != nil || !maps.Equal(again.Labels, sel.Labels) {
			t.Fatalf("%q is %q, which is %q, %v", s, sel.Labels, again.Labels, err)
		}
		if !sel.Match("", sel.Labels) || sel.Match("", nil) {
			t.Fatalf("%q does not select its own labels alone", s)
		}
		r := &Report{}
		if (&Meta{Labels: sel.Labels}).check(r); !r.OK() {
			t.Fatalf("%q selects labels that nobody may have: %v", s, r.Err())
		}
	})
}

func FuzzUnescape(f *testing.F) {
	for _, s := range []string{"", "plain", `\r\n\t\\`, `\x00\xfF`, `\`, `\x`, `\x0`, `\xg0`, `\q`, `"`, `\"`, "a\nb", "é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b, err := Unescape(s)
		if err != nil {
			if !strings.Contains(s, `\`) {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		var esc strings.Builder
		for _, c := range b {
			fmt.Fprintf(&esc, `\x%02x`, c)
		}
		back, err := Unescape(esc.String())
		if err != nil || !bytes.Equal(back, b) {
			t.Fatalf("%q is %q, escaped %s, which is %q, %v", s, b, esc.String(), back, err)
		}
		if !strings.Contains(s, `\`) && string(b) != s {
			t.Fatalf("%q without escapes is %q", s, b)
		}
	})
}

func FuzzParseStatus(f *testing.F) {
	for _, s := range []string{"200", "200-399", "399-200", "+200", "0200", "200-", "-", "", "99", "600", "200-399-1", "２００"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		from, to, err := ParseStatus(s)
		if err != nil {
			return
		}
		if from < 100 || to > 599 || from > to {
			t.Fatalf("%q is %d-%d", s, from, to)
		}
		if s != fmt.Sprintf("%d-%d", from, to) && (from != to || s != fmt.Sprint(from)) {
			t.Fatalf("%q is %d-%d, which is written otherwise", s, from, to)
		}
	})
}
