package zone_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
	"github.com/meridian-gtm/meridian/resolve/zone"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata; review them as text")

// A script is zones (zone APEX, master file lines, end) and queries:
//
//	query NAME TYPE [size=N] [tcp] [class=CH] [cap=N]
//	  rcode flags [octets when truncated]
//	  section owner ttl type data
//
// The indented lines are the answer. Everything goes over the wire format.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			have, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(have))
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !bytes.Equal(have, got) {
				t.Errorf("answers differ:\n%s", difference(string(have), string(got)))
			}
		})
	}
}

// play runs a script and returns it with the answers as they are.
func play(t *testing.T, script string) []byte {
	t.Helper()
	var out bytes.Buffer
	edit := zone.NewView[none]().Edit()
	var v *zone.View[none]
	var p zone.Responder[none]
	lines := strings.Split(strings.TrimRight(script, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if strings.HasPrefix(line, "  ") {
			continue // an answer; made anew
		}
		fmt.Fprintln(&out, line)
		words := strings.Fields(line)
		switch {
		case len(words) == 2 && words[0] == "zone":
			var text strings.Builder
			for i++; lines[i] != "end"; i++ {
				fmt.Fprintln(&out, lines[i])
				fmt.Fprintln(&text, lines[i])
			}
			fmt.Fprintln(&out, "end")
			if err := edit.PutZone(build(t, words[1], text.String())); err != nil {
				t.Fatal(err)
			}
		case len(words) >= 3 && words[0] == "query":
			if v == nil {
				v = edit.Done()
			}
			for _, l := range answer(t, v, &p, words[1:]) {
				fmt.Fprintf(&out, "  %s\n", l)
			}
		case line != "" && !strings.HasPrefix(line, "#"):
			t.Fatalf("line %d: %q", i+1, line)
		}
	}
	return out.Bytes()
}

// answer asks one query and describes the response.
func answer(t *testing.T, v *zone.View[none], p *zone.Responder[none], words []string) (out []string) {
	t.Helper()
	m := new(dns.Msg)
	qtype, ok := dns.StringToType[words[1]]
	if !ok {
		n, err := strconv.Atoi(strings.TrimPrefix(words[1], "TYPE"))
		if err != nil {
			t.Fatalf("type %q", words[1])
		}
		qtype = uint16(n)
	}
	m.SetQuestion(words[0], qtype)
	m.RecursionDesired = false
	tcp := false
	p.NegativeCap = 0
	for _, w := range words[2:] {
		key, value, _ := strings.Cut(w, "=")
		n, _ := strconv.Atoi(value)
		switch key {
		case "size":
			m.SetEdns0(uint16(n), false)
		case "tcp":
			tcp = true
		case "class":
			m.Question[0].Qclass = dns.StringToClass[value]
		case "cap":
			p.NegativeCap = uint32(n)
		default:
			t.Fatalf("option %q", w)
		}
	}
	req, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	if rcode := p.Query.Parse(req); rcode != dnswire.NoError {
		return []string{fmt.Sprintf("refused by the parser: %d", rcode)}
	}
	limit := p.Query.Limit(dnswire.DefaultUDP, tcp)
	resp := p.AnswerPlain(nil, v, limit)
	if len(resp) > limit {
		t.Fatalf("%v: %d octets, limit %d", words, len(resp), limit)
	}
	var r dns.Msg
	if err := r.Unpack(resp); err != nil {
		t.Fatalf("%v: %v", words, err)
	}
	head := strings.ToLower(dns.RcodeToString[r.Rcode])
	if r.Authoritative {
		head += " aa"
	}
	if r.Truncated {
		head += " tc"
	}
	out = append(out, head)
	for _, sec := range []struct {
		name string
		list []dns.RR
	}{{"answer", r.Answer}, {"authority", r.Ns}, {"additional", r.Extra}} {
		for _, rr := range sec.list {
			if rr.Header().Rrtype == dns.TypeOPT {
				continue
			}
			out = append(out, sec.name+" "+text(rr))
		}
	}
	return out
}

// text is a record on one line without its class.
func text(rr dns.RR) string {
	s := strings.Replace(strings.Replace(rr.String(), "\tIN\t", "\t", 1), "\tCLASS1\t", "\t", 1)
	return strings.Join(strings.Fields(s), " ")
}

func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "", ""
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\nhave %s\ngot  %s\n\nall of it:\n%s", i+1, a, b, got)
		}
	}
	return ""
}
