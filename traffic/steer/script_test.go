package steer

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

var update = flag.Bool("update", false, "rewrite the expected answers of testdata/*.txt")

// world is the state of one script: a configuration, what is down, and who is current.
type world struct {
	model   *traffic.Model
	down    map[string]bool
	stale   map[string]bool
	current map[traffic.Key]traffic.Current
	lapsed  map[string]bool
}

func newWorld() *world {
	return &world{model: traffic.NewModel(), down: map[string]bool{}, stale: map[string]bool{}, current: map[traffic.Key]traffic.Current{}, lapsed: map[string]bool{}}
}

func (w *world) engine() *Engine {
	return &Engine{
		Config: w.model,
		Verdict: func(k traffic.TaskKey) verdict.Verdict {
			v := verdict.Verdict{Stale: w.stale[k.Address]}
			if w.down[k.Address] || w.down[k.Address+"/"+k.Template] {
				v.State = verdict.Down
			}
			return v
		},
		Current: func(k traffic.Key) string { return w.current[k].Member },
		Lapsed:  w.lapsed,
	}
}

// move lets every non-preemptive scope go where the rule says, as a node does.
func (w *world) move() {
	e := w.engine()
	set := func(k traffic.Key, to string) {
		if cur := w.current[k]; to != "" && to != cur.Member {
			w.current[k] = traffic.Current{Scope: k, Member: to, Epoch: cur.Epoch + 1}
		}
	}
	w.model.Each(traffic.KindPool, func(o traffic.Object) bool {
		set(o.Key(), e.CurrentAddress(o.(*traffic.Pool)))
		return true
	})
	w.model.Each(traffic.KindAccessDomain, func(o traffic.Object) bool {
		set(o.Key(), e.CurrentPool(o.(*traffic.AccessDomain)))
		return true
	})
}

// TestScripts runs testdata/*.txt. A script declares templates, pools with their
// addresses and access domains with their pools, changes health and configuration,
// and asks; the answer stands behind "->".
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) { runScript(t, f) })
	}
}

func runScript(t *testing.T, path string) {
	in, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	var out strings.Builder
	var block traffic.Object
	flush := func() {
		if block != nil {
			block.Normalize()
			w.model.Apply([]traffic.Change{{Key: block.Key(), After: block}})
			block = nil
		}
	}
	asked := 0
	sc := bufio.NewScanner(strings.NewReader(string(in)))
	for n := 1; sc.Scan(); n++ {
		raw := sc.Text()
		text, comment, _ := strings.Cut(raw, "#")
		want := ""
		if q, a, ok := strings.Cut(text, "->"); ok {
			text, want = q, strings.TrimSpace(a)
		}
		f := strings.Fields(text)
		indented := strings.HasPrefix(raw, " ")
		if len(f) > 0 && !indented {
			flush()
		}
		fail := func(format string, args ...any) {
			t.Fatalf("%s:%d: %s", path, n, fmt.Sprintf(format, args...))
		}
		switch {
		case len(f) == 0:
		case indented:
			w.member(block, f, fail)
		case f[0] == "pool":
			block = newPool(f, fail)
		case f[0] == "domain":
			block = newDomain(f, fail)
		case f[0] == "down" || f[0] == "up":
			for _, a := range f[1:] {
				w.down[a] = f[0] == "down"
			}
			w.move()
		case f[0] == "set":
			w.set(f, fail)
			w.move()
		case f[0] == "drain" || f[0] == "enable":
			w.order(f, fail)
			w.move()
		case f[0] == "clear" || f[0] == "lapse":
			for _, id := range f[1:] {
				if f[0] == "lapse" {
					w.lapsed[id] = true
				} else {
					w.model.Apply([]traffic.Change{{Key: traffic.Key{Kind: traffic.KindOverride, Name: id}}})
				}
			}
			w.move()
		case f[0] == "ask":
			w.move()
			got := w.ask(f, fail)
			asked++
			if !*update && got != want {
				t.Errorf("%s:%d: %s\n got %s\nwant %s", path, n, strings.TrimSpace(text), got, want)
			}
			if comment != "" {
				got += "  #" + comment
			}
			raw = strings.TrimRight(text, " ") + " -> " + got
		default:
			fail("unknown word %q", f[0])
		}
		out.WriteString(raw + "\n")
	}
	if asked == 0 {
		t.Fatalf("%s asks nothing", path)
	}
	if *update {
		if err := os.WriteFile(path, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func options(f []string, fail func(string, ...any), set func(k, v string) bool) {
	for _, o := range f {
		k, v, _ := strings.Cut(o, "=")
		if !set(k, v) {
			fail("unknown option %q", o)
		}
	}
}

func steering(s *traffic.Steering, k, v string) bool {
	switch k {
	case "round_robin", "weighted", "sequential", "proximity":
		s.Policy = traffic.Policy(k)
	case "non_preemptive", "preemptive":
		s.Mode = k
	case "distance":
		s.Order = traffic.OrderDistance
	default:
		return false
	}
	return true
}

func newPool(f []string, fail func(string, ...any)) *traffic.Pool {
	p := traffic.New(traffic.KindPool).(*traffic.Pool)
	p.Name = f[1]
	options(f[2:], fail, func(k, v string) bool {
		switch {
		case steering(&p.Steering, k, v):
		case k == "IPv4" || k == "IPv6" || k == "domain":
			p.Type = traffic.Family(k)
		case strings.HasSuffix(k, "_ok"):
			p.Judgement = traffic.Judgement(k)
		case k == "answers":
			p.Answers, _ = strconv.Atoi(v)
		default:
			return false
		}
		return true
	})
	return p
}

func newDomain(f []string, fail func(string, ...any)) *traffic.AccessDomain {
	d := traffic.New(traffic.KindAccessDomain).(*traffic.AccessDomain)
	d.Name = f[1]
	options(f[2:], fail, func(k, v string) bool {
		switch {
		case steering(&d.Steering, k, v):
		case k == "A" || k == "AAAA" || k == "CNAME":
			d.Type = k
		case k == "unmatched":
			d.Unmatched = v
		case k == "all_down":
			d.AllDown = v
		default:
			return false
		}
		return true
	})
	return d
}

// member reads "  NAME ADDRESS options" below a pool and "  POOL options" below a domain.
func (w *world) member(block traffic.Object, f []string, fail func(string, ...any)) {
	link := traffic.Link{Weight: 1, Enabled: true}
	a := traffic.New(traffic.KindAddress).(*traffic.Address)
	rest := f[1:]
	if _, ok := block.(*traffic.Pool); ok {
		if len(f) < 2 {
			fail("an address needs its value")
		}
		a.Name, a.Address, rest = f[0], f[1], f[2:]
	}
	tasks := 1
	options(rest, fail, func(k, v string) bool {
		switch k {
		case "serial":
			link.Serial, _ = strconv.Atoi(v)
		case "weight":
			link.Weight, _ = strconv.Atoi(v)
		case "lines":
			link.Lines = strings.Split(v, ",")
		case "off":
			link.Enabled = false
		case "disabled":
			a.Enabled = false
		case "mode":
			a.Mode = traffic.Mode(v)
		case "site":
			a.Labels = map[string]string{k: v}
		case "tasks":
			tasks, _ = strconv.Atoi(v)
		case "at":
			lat, lon, _ := strings.Cut(v, ",")
			a.Location = &traffic.Location{}
			a.Location.Latitude, _ = strconv.ParseFloat(lat, 64)
			a.Location.Longitude, _ = strconv.ParseFloat(lon, 64)
		default:
			if strings.HasSuffix(k, "_ok") {
				a.Judgement = traffic.Judgement(k)
				return true
			}
			return false
		}
		return true
	})
	switch b := block.(type) {
	case *traffic.Pool:
		for i := range tasks {
			tpl := traffic.New(traffic.KindTemplate).(*traffic.Template)
			tpl.Name, tpl.Protocol = fmt.Sprintf("t%d", i+1), traffic.Ping
			tpl.Normalize()
			w.model.Apply([]traffic.Change{{Key: tpl.Key(), After: tpl}})
			a.Tasks = append(a.Tasks, traffic.Task{Template: tpl.Name, Enabled: true})
		}
		if w.model.Address(a.Name) == nil {
			w.model.Apply([]traffic.Change{{Key: a.Key(), After: a}})
		}
		b.Members = append(b.Members, traffic.Member{Address: a.Name, Link: link})
	case *traffic.AccessDomain:
		b.Pools = append(b.Pools, traffic.PoolMember{Pool: f[0], Link: link})
	default:
		fail("a member stands below a pool or a domain")
	}
}

// set changes one thing: "set address NAME mode=…|disabled|enabled", "set pool …",
// "set current SCOPE MEMBER", "set stale NAME".
func (w *world) set(f []string, fail func(string, ...any)) {
	switch f[1] {
	case "stale":
		w.stale[f[2]] = true
	case "address":
		a := *w.model.Address(f[2])
		switch k, v, _ := strings.Cut(f[3], "="); k {
		case "mode":
			a.Mode = traffic.Mode(v)
		case "disabled", "enabled":
			a.Enabled = k == "enabled"
		case "site":
			a.Labels = map[string]string{k: v}
		default:
			fail("unknown %q", f[3])
		}
		w.model.Apply([]traffic.Change{{Key: a.Key(), After: &a}})
	case "pool":
		p := *w.model.Pool(f[2])
		if site, ok := strings.CutPrefix(f[3], "site="); ok {
			p.Labels = map[string]string{"site": site}
		} else {
			p.Enabled = f[3] == "enabled"
		}
		w.model.Apply([]traffic.Change{{Key: p.Key(), After: &p}})
	default:
		fail("unknown %q", f[1])
	}
}

// order reads "drain ID TARGET" or "enable ID K=V": an override, with the reason "".
func (w *world) order(f []string, fail func(string, ...any)) {
	o := &traffic.Override{ID: f[1], Action: traffic.Action(f[0]), Target: f[2], Author: "ann"}
	if strings.Contains(f[2], "=") {
		o.Target, o.Selector = "", f[2]
	}
	o.Normalize()
	r := &traffic.Report{}
	if o.Check(r); !r.OK() {
		fail("%v", r.Err())
	}
	w.model.Apply([]traffic.Change{{Key: o.Key(), After: o}})
}

// ask answers "ask DOMAIN [line,line,…] [from=lat,lon] [down=x,y]".
func (w *world) ask(f []string, fail func(string, ...any)) string {
	e := w.engine()
	d := w.model.At(f[1])
	if len(d) == 0 {
		fail("no domain %s", f[1])
	}
	c := Client{Lines: []string{"default"}}
	options(f[2:], fail, func(k, v string) bool {
		switch k {
		case "from":
			lat, lon, _ := strings.Cut(v, ",")
			c.Point.Lat, _ = strconv.ParseFloat(lat, 64)
			c.Point.Lon, _ = strconv.ParseFloat(lon, 64)
			c.PointOK = true
		case "down":
			e.Down = map[string]bool{}
			for _, a := range strings.Split(v, ",") {
				e.Down[a] = true
			}
		default:
			if v != "" {
				return false
			}
			c.Lines = append(strings.Split(k, ","), "default")
		}
		return true
	})
	dec := e.Decide(d[0], c)
	if again, _ := e.Explain(d[0], c); describe(again) != describe(dec) {
		fail("explain says %s, decide %s", describe(again), describe(dec))
	}
	return describe(dec)
}

// describe writes a decision on one line: basis, then each pool with its addresses.
func describe(d Decision) string {
	var b strings.Builder
	b.WriteString(string(d.Basis))
	if d.Line != "" {
		b.WriteString(" on " + d.Line)
	}
	if len(d.Picks) > 1 {
		b.WriteString(" " + d.Rule.String())
	}
	for _, p := range d.Picks {
		fmt.Fprintf(&b, " %s", p.Pool)
		if d.Rule == Draw {
			fmt.Fprintf(&b, "*%d", p.Weight)
		}
		b.WriteString("(" + p.Rule.String())
		if p.Rule != First {
			fmt.Fprintf(&b, " %d of", p.Answers)
		}
		for _, e := range p.Entries {
			b.WriteString(" " + e.Address)
			if p.Rule == Draw {
				fmt.Fprintf(&b, "*%d", e.Weight)
			}
		}
		b.WriteString(")")
	}
	return b.String()
}
