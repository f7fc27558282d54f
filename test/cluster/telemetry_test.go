package cluster

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	reader "github.com/dnstap/golang-dnstap"
	framestream "github.com/farsightsec/golang-framestream"
	"github.com/miekg/dns"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

	"github.com/meridian-gtm/meridian/node"
	"github.com/meridian-gtm/meridian/traffic/querylog"
)

// frames takes dnstap from whoever connects and tells how many messages came.
type frames struct {
	l   net.Listener
	got chan *reader.Message

	mu    sync.Mutex // guards the field below
	conns []net.Conn
}

// kill ends it as a power cut would.
func (f *frames) kill() {
	f.l.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
}

func listenDnstap(t *testing.T, address string) *frames {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	f := &frames{l: l, got: make(chan *reader.Message, 1000)}
	t.Cleanup(f.kill)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns = append(f.conns, c)
			f.mu.Unlock()
			go f.read(c)
		}
	}()
	return f
}

func (f *frames) read(c net.Conn) {
	defer c.Close()
	r, err := framestream.NewReader(c, &framestream.ReaderOptions{ContentTypes: [][]byte{reader.FSContentType}, Bidirectional: true})
	if err != nil {
		return
	}
	buf := make([]byte, 1<<17)
	for {
		n, err := r.ReadFrame(buf)
		if err != nil {
			return
		}
		var d reader.Dnstap
		if proto.Unmarshal(buf[:n], &d) == nil {
			select {
			case f.got <- d.Message:
			default:
			}
		}
	}
}

// TestQueriesAreSeenAndAnswersDoNotWait: one query shows in the live tail, in the file
// and at the collector; then the collector dies and answers go on.
func TestQueriesAreSeenAndAnswersDoNotWait(t *testing.T) {
	t.Parallel()
	collector := listenDnstap(t, "127.0.0.1:0")
	file := filepath.Join(t.TempDir(), "queries.jsonl")
	c := startQuickstart(t, "--dnstap-to", "tcp:"+collector.l.Addr().String(), "--dnstap-domains", "gtm.example.com/A", "--querylog-file", file, "--metrics-names", "5")
	eventually(t, "the collector is connected", func() error {
		if got := c.control.metric("meridian_dnstap_connected"); got != "1" {
			return fmt.Errorf("connected %s", got)
		}
		return nil
	})

	watch := exec.Command(program, "queries", "--follow", "--name", "*.example.com", "--rcode", "NOERROR", "-o", "json")
	watch.Env = append(cleanEnv(t.TempDir()), "MERIDIAN_SERVER="+c.control.api(), "MERIDIAN_TOKEN="+c.adminToken(), "MERIDIAN_CA="+c.control.ca)
	out, err := watch.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	defer watch.Process.Kill()
	seen := make(chan querylog.LoggedQuery, 100)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			var q querylog.LoggedQuery
			if json.Unmarshal(s.Bytes(), &q) == nil {
				seen <- q
			}
		}
	}()
	var q querylog.LoggedQuery
	eventually(t, "the tail shows a query", func() error {
		if _, err := c.control.ask("gtm.example.com", "A", "8.8.8.0/24"); err != nil {
			return err
		}
		select {
		case q = <-seen:
			return nil
		case <-time.After(300 * time.Millisecond):
			return fmt.Errorf("nothing yet")
		}
	})
	if q.Name != "gtm.example.com" || q.Type != "A" || q.ECS != "8.8.8.0/24" || q.Domain != "gtm.example.com/A" || q.Pool == "" || q.Address == "" || q.Rcode != "NOERROR" || !strings.HasPrefix(q.Client, "127.") || !strings.HasSuffix(q.Client, ".0/24") {
		t.Errorf("the tail shows %+v", q)
	}
	watch.Process.Kill()
	watch.Wait()
	eventually(t, "nobody looks any more", func() error {
		if got := c.control.metric("meridian_query_tails"); got != "0" {
			return fmt.Errorf("%s look", got)
		}
		return nil
	})
	eventually(t, "the file has it", func() error {
		b, err := os.ReadFile(file)
		if err == nil && !strings.Contains(string(b), `"name":"gtm.example.com"`) {
			err = fmt.Errorf("%d octets without it", len(b))
		}
		return err
	})
	select {
	case m := <-collector.got:
		var r dns.Msg
		if err := r.Unpack(m.ResponseMessage); err != nil || m.GetType() != reader.Message_AUTH_RESPONSE || r.Question[0].Name != "gtm.example.com." || len(r.Answer) == 0 {
			t.Errorf("the collector got %v (%v)", m, err)
		}
	case <-time.After(patience):
		t.Error("the collector got nothing")
	}

	// The collector dies: nothing about answers changes, and it is found again.
	address := collector.l.Addr().String()
	end := c.control.watch("gtm.example.com", c.ip(31), c.ip(32))
	collector.kill()
	eventually(t, "the loss is noticed", func() error {
		if got := c.control.metric("meridian_dnstap_connected"); got != "0" {
			return fmt.Errorf("connected %s", got)
		}
		return nil
	})
	again := listenDnstap(t, address)
	eventually(t, "it is found again", func() error {
		select {
		case <-again.got:
			return nil
		case <-time.After(100 * time.Millisecond):
			return fmt.Errorf("nothing comes")
		}
	})
	if end() == 0 {
		t.Error("nobody was answered meanwhile")
	}
	c.control.running()
}

// showsQueries waits until a control process shows a query that a resolver was asked, of
// that resolver alone.
func (c *cluster) showsQueries(at, resolver *process, id, name string) {
	c.t.Helper()
	eventually(c.t, fmt.Sprintf("%s shows queries of %s", at.name, id), func() error {
		r, err := http.NewRequest("GET", at.api()+"/api/v1/queries/tail?for=5s&node="+id+"&name="+name, nil)
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+c.adminToken())
		resp, err := web.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		var said strings.Builder
		asked := false
		for s := bufio.NewScanner(resp.Body); s.Scan(); said.WriteString(s.Text() + " ") {
			if !asked { // the hello: the tap begins within a moment, and one of these comes after
				asked = true
				quit := make(chan struct{})
				defer close(quit)
				go func() {
					for {
						select {
						case <-quit:
							return
						case <-time.After(100 * time.Millisecond):
							_, _ = resolver.ask(name, "A", "") // what it answers is not asked here
						}
					}
				}()
			}
			data, ok := strings.CutPrefix(s.Text(), "data: ")
			if !ok || !strings.Contains(data, `"rcode"`) || strings.Contains(data, `"filter"`) {
				continue
			}
			var q querylog.LoggedQuery
			if err := json.Unmarshal([]byte(data), &q); err != nil {
				return err
			}
			if q.Node != id || q.Name != name {
				c.t.Errorf("asked for queries of %s for %s, got %+v", id, name, q)
			}
			return nil
		}
		return fmt.Errorf("no query, but %s", said.String())
	})
}

// sampleLine is a line of a scrape: name, labels, value.
var sampleLine = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})? `)

// TestDashboardsAndRulesAskForWhatIsServed: a scrape of a real server passes the linter,
// is what the manual lists, and has every metric and label that a dashboard or rule asks for.
func TestDashboardsAndRulesAskForWhatIsServed(t *testing.T) {
	t.Parallel()
	collector := listenDnstap(t, "127.0.0.1:0")
	c := startQuickstart(t, "--dnstap-to", "tcp:"+collector.l.Addr().String(), "--querylog-file", filepath.Join(t.TempDir(), "q"), "--metrics-names", "5")
	if _, err := c.control.ask("gtm.example.com", "A", "8.8.8.0/24"); err != nil {
		t.Fatal(err)
	}
	if err := c.call("GET", "/status", nil, nil); err != nil {
		t.Fatal(err)
	}
	var body string
	eventually(t, "answers are counted", func() error {
		_, b, err := get(c.control.health() + "/metrics")
		if body = string(b); err == nil && !strings.Contains(body, "meridian_dns_access_domain_answers_total{") {
			err = fmt.Errorf("not yet")
		}
		return err
	})
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "meridian_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if tool, err := exec.LookPath("promtool"); err == nil {
		check := exec.Command(tool, "check", "metrics")
		check.Stdin = strings.NewReader(body)
		if out, err := check.CombinedOutput(); err != nil && strings.Contains(string(out), "meridian_") {
			t.Errorf("promtool: %v\n%s", err, out)
		}
	}

	served, labels := map[string]bool{"up": true}, map[string]map[string]bool{}
	families := map[string]string{}
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, typ, _ := strings.Cut(strings.TrimSpace(rest), " ")
			families[name] = typ
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		served[m[1]] = true
		if labels[m[1]] == nil {
			labels[m[1]] = map[string]bool{"job": true, "instance": true, "__name__": true}
		}
		for _, l := range labelNames(m[2]) {
			labels[m[1]][l] = true
		}
	}
	listed := map[string]bool{}
	for _, m := range node.Metrics() {
		listed[m.Name] = true
		if families[m.Name] != m.Type {
			t.Errorf("%s is listed as %s and served as %q", m.Name, m.Type, families[m.Name])
		}
	}
	for name := range families {
		if strings.HasPrefix(name, "meridian_") && !listed[name] {
			t.Errorf("%s is served and not listed", name)
		}
	}

	asked := 0
	hold := func(where, expr string) {
		uses, err := askedFor(expr)
		if err != nil || len(uses) == 0 {
			t.Errorf("%s: %s: %v", where, expr, err)
		}
		for _, u := range uses {
			asked++
			if !served[u.metric] {
				t.Errorf("%s asks for %s, which nobody serves", where, u.metric)
				continue
			}
			for _, l := range u.labels {
				if have := labels[u.metric]; have != nil && !have[l] {
					t.Errorf("%s asks for label %s of %s, which has none", where, l, u.metric)
				}
			}
		}
	}
	manual, err := os.ReadFile("../../docs/manual/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"recording.yaml", "alerts.yaml"} {
		path := filepath.Join("../../packaging/prometheus", name)
		for _, r := range readRules(t, path) {
			hold(name+" "+r.Alert+r.Record, r.Expr)
			if r.Record != "" {
				served[r.Record] = true
				continue
			}
			if !strings.Contains(string(manual), "| "+r.Alert+" ("+r.Labels["severity"]+") |") || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s is not in the manual, or says nothing", r.Alert)
			}
			if _, err := time.ParseDuration(r.For); err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
		}
		if tool, err := exec.LookPath("promtool"); err == nil {
			if out, err := exec.Command(tool, "check", "rules", path).CombinedOutput(); err != nil {
				t.Errorf("promtool: %v\n%s", err, out)
			}
		}
	}
	boards, err := filepath.Glob("../../packaging/grafana/*.json")
	if err != nil || len(boards) != 4 {
		t.Fatalf("%d dashboards (%v)", len(boards), err)
	}
	for _, path := range boards {
		for _, expr := range readBoard(t, path) {
			hold(filepath.Base(path), expr)
		}
	}
	if asked < 150 {
		t.Errorf("only %d metrics are asked for", asked)
	}
}

type rule struct {
	Alert, Record, Expr, For string
	Labels, Annotations      map[string]string
}

func readRules(t *testing.T, path string) (out []rule) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Groups []struct {
			Name, Interval string
			Rules          []rule
		}
	}
	dec := yaml.NewDecoder(strings.NewReader(string(b)))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, g := range doc.Groups {
		out = append(out, g.Rules...)
	}
	if len(out) == 0 {
		t.Fatalf("%s has no rules", path)
	}
	return out
}

// readBoard returns all expressions of a dashboard; panels lie within its frame, and ids
// are given once.
func readBoard(t *testing.T, path string) (out []string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		UID, Title string
		Panels     []struct {
			ID      int
			Type    string
			Title   string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
		Templating struct{ List []struct{ Name string } }
	}
	if err := json.Unmarshal(b, &doc); err != nil || doc.UID == "" || doc.Title == "" || len(doc.Templating.List) != 3 {
		t.Fatalf("%s: %v", path, err)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range doc.Panels {
		if ids[p.ID] {
			t.Errorf("%s: two panels have the id %d", path, p.ID)
		}
		ids[p.ID] = true
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s: %s asks nothing", path, p.Title)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("%s: %s lies on %s", path, p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, q := range p.Targets {
			out = append(out, q.Expr)
		}
	}
	return out
}

// use is a metric that an expression asks for, with the labels that it selects by.
type use struct {
	metric string
	labels []string
}

var (
	quoted   = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'`)
	ranges   = regexp.MustCompile(`\[[^\]]*\]`)
	grouping = regexp.MustCompile(`\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)`)
	word     = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(\(|\{[^}]*\})?`)
	number   = regexp.MustCompile(`\b\d[0-9.]*(?:[smhdwy]|ms)?\b`)
)

var keywords = []string{"and", "or", "unless", "offset", "bool", "inf", "nan", "by", "without", "on", "ignoring"}

// functions are those of PromQL that we use.
var functions = []string{"sum", "max", "min", "avg", "count", "topk", "rate", "increase", "abs", "vector", "histogram_quantile"}

// askedFor is a strict reading of an expression: what it cannot place is an error.
func askedFor(expr string) (out []use, err error) {
	depth := 0
	for _, r := range quoted.ReplaceAllString(expr, `""`) {
		switch r {
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			depth--
		}
		if depth < 0 {
			break
		}
	}
	if depth != 0 {
		return nil, fmt.Errorf("brackets do not match")
	}
	text := ranges.ReplaceAllString(quoted.ReplaceAllString(expr, `""`), "")
	var grouped []string
	for _, m := range grouping.FindAllStringSubmatch(text, -1) {
		for l := range strings.SplitSeq(m[2], ",") {
			grouped = append(grouped, strings.TrimSpace(l))
		}
	}
	text = number.ReplaceAllString(grouping.ReplaceAllString(text, " "), "")
	for _, m := range word.FindAllStringSubmatch(text, -1) {
		switch {
		case m[2] == "(":
			if !slices.Contains(functions, m[1]) && !slices.Contains(keywords, m[1]) {
				return nil, fmt.Errorf("%s is no function that is known here", m[1])
			}
		case slices.Contains(keywords, m[1]):
		default:
			out = append(out, use{m[1], labelNames(strings.Trim(m[2], "{}"))})
		}
	}
	for i := range out { // what is grouped by must be a label of what is asked for
		if !strings.Contains(out[i].metric, ":") {
			out[i].labels = append(out[i].labels, slices.DeleteFunc(slices.Clone(grouped), func(l string) bool { return l == "" })...)
		}
	}
	return out, nil
}

var labelForm = regexp.MustCompile(`([a-zA-Z_][a-zA-Z0-9_]*)\s*(?:=~|!~|!=|=)`)

func labelNames(matchers string) (out []string) {
	for _, m := range labelForm.FindAllStringSubmatch(quoted.ReplaceAllString(matchers, `""`), -1) {
		out = append(out, m[1])
	}
	return out
}

func TestAskedFor(t *testing.T) {
	t.Parallel()
	got, err := askedFor(`sum by (job, le) (rate(a_total{x="y", z=~"q{r}"}[5m])) / 0.3 * (b:c offset 1d) and topk(10, d) > 1`)
	if err != nil || fmt.Sprint(got) != "[{a_total [x z job le]} {b:c []} {d [job le]}]" {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"sum(a", "nope(a)", "a}"} {
		if _, err := askedFor(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
