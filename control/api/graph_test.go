package api_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// health is a state of health that a test moves.
type health struct {
	mu   sync.Mutex
	down map[string]bool // addresses
}

func (h *health) set(address string, down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down[address] = down
}

func (h *health) verdict(k traffic.TaskKey) verdict.Verdict {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.down[k.Address] {
		return verdict.Verdict{State: verdict.Down}
	}
	return verdict.Verdict{State: verdict.Up}
}

// startSick runs an API whose health the test moves.
func startSick(t *testing.T) (*world, *health) {
	h := &health{down: map[string]bool{}}
	w := startWith(t, func(d *api.Deps, _ string) { d.Health = steer.Health{Verdict: h.verdict} })
	return w, h
}

// site makes a zone with one name over two pools: main with a1 and a2, spare with b1.
func (w *world) site() {
	w.t.Helper()
	w.do(auth.Operator, "PUT", "/api/v1/settings", `{"nameservers":["ns1.example.net."],"soa":{"contact":"hostmaster.example.net."}}`).want(200)
	w.do(auth.Operator, "POST", "/api/v1/changes", `{"put":[
		{"kind":"template","body":{"name":"t","protocol":"tcp"}},
		{"kind":"address","body":{"name":"a1","address":"192.0.2.1","tasks":[{"template":"t","port":80}],"labels":{"site":"hz"},"location":{"latitude":30,"longitude":120}}},
		{"kind":"address","body":{"name":"a2","address":"192.0.2.2","tasks":[{"template":"t","port":80}]}},
		{"kind":"address","body":{"name":"b1","address":"192.0.2.3","remark":"spare of Hangzhou"}},
		{"kind":"pool","body":{"name":"main","type":"IPv4","members":[{"address":"a1"},{"address":"a2"}]}},
		{"kind":"pool","body":{"name":"spare","type":"IPv4","members":[{"address":"b1"}]}},
		{"kind":"zone","body":{"name":"example.com"}},
		{"kind":"access_domain","body":{"name":"www.example.com","type":"A","policy":"sequential","pools":[{"pool":"main"},{"pool":"spare"}]}}]}`).want(200)
}

func TestTheGraphOfAnAccessDomain(t *testing.T) {
	t.Parallel()
	w, h := startSick(t)
	w.site()
	w.live.tasks = []control.TaskHealth{{TaskKey: traffic.TaskKey{Address: "a1", Template: "t", Port: 80}, State: "down", Findings: []control.Finding{{Vantage: "bj", Finding: "failed", Reason: "connection refused"}}}}
	h.set("a1", true)
	g := w.do(auth.Viewer, "GET", "/api/v1/access-domains/www.example.com/graph", "").want(200).json()
	if by := w.do(auth.Viewer, "GET", "/api/v1/access-domains/www.example.com/A/graph", "").want(200).json(); fmt.Sprint(by["domain"]) != fmt.Sprint(g["domain"]) {
		t.Errorf("by parts %v, by name %v", by["domain"], g["domain"])
	}
	get := func(v any, path string) any {
		for _, p := range strings.Split(path, ".") {
			switch x := v.(type) {
			case map[string]any:
				v = x[p]
			case []any:
				var i int
				if fmt.Sscan(p, &i); i >= len(x) {
					return nil
				}
				v = x[i]
			default:
				return nil
			}
		}
		return v
	}
	for path, want := range map[string]any{
		"domain.health": "ok_alert", "domain.available": true, "domain.answered": true, "domain.object.version": 2.0, "domain.links.0.reachable": true, "domain.links.0.taken_for.0": "default",
		"domain.links.1.last_resort": true, "domain.link_fields.0": "serial", "domain.state.code": "domain.pools_available",
		"pools.0.health": "ok_alert", "pools.0.ok": 1.0, "pools.0.total": 2.0, "pools.0.needs": 1.0, "pools.0.links.0.share": 0.0, "pools.0.links.1.share": 1.0, "pools.1.health": "unmonitored",
		"addresses.0.health": "exceptional", "addresses.0.available": false, "addresses.0.state.code": "state.task_down", "addresses.0.tasks.0.health.findings.0.reason": "connection refused",
		"addresses.0.place.source": "configured", "addresses.1.tasks.0.health": nil, "addresses.2.used_by_counts.pool": 1.0, "addresses.2.used_by_counts.access_domain": 1.0,
		"templates.0.health": "ok_alert", "templates.0.used_by_counts.address": 2.0,
		"lines.0.line": "default", "lines.0.outcome.reason_said.code": "choice.sequential", "lines.0.outcome.pools.0.addresses.0.address": "a2",
		"last_resort.possible": false, "last_resort.active": false, "last_resort.answers.0.outcome.pools.0.pool": "spare",
	} {
		if got := get(g, path); got != want {
			t.Errorf("%s is %v, want %v", path, got, want)
		}
	}
	p := w.do(auth.Viewer, "GET", "/api/v1/pools/main/graph", "").want(200).json()
	if got := get(p, "domains.0.key"); got != "www.example.com/A" || get(p, "pool.used_by_counts.access_domain") != 1.0 || get(p, "addresses.1.name") != "a2" {
		t.Errorf("pool: %v", p)
	}
	w.do(auth.Viewer, "GET", "/api/v1/access-domains/none.example.com/graph", "").problem(404, "not_found", "none.example.com")
	w.do(auth.Viewer, "GET", "/api/v1/pools/none/graph", "").problem(404, "not_found", "none")
}

func TestListsWithHealth(t *testing.T) {
	t.Parallel()
	w, h := startSick(t)
	w.site()
	h.set("a1", true)
	names := func(path string) string {
		return strings.Join(w.do(auth.Viewer, "GET", "/api/v1/"+path, "").want(200).names(), " ")
	}
	for path, want := range map[string]string{
		"addresses?health=exceptional": "a1", "addresses?health=exceptional&health=ok": "a1 a2", "addresses?available=false": "a1", "addresses?available=true": "a2 b1",
		"addresses?sort=health": "a1 b1 a2", "addresses?sort=-health&limit=1": "a2", "pools?health=ok_alert": "main", "access-domains?health=ok_alert": "www.example.com", "access-domains?health=ok": "",
		"templates?health=ok_alert": "t", "addresses?q=hangzhou": "b1", "addresses?label=site=hz&health=exceptional": "a1",
	} {
		if got := names(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	// Both ways through pages by health.
	first := w.do(auth.Viewer, "GET", "/api/v1/addresses?sort=health&limit=2", "").want(200).json()
	if got := names("addresses?sort=health&limit=2&cursor=" + first["next_cursor"].(string)); got != "a2" {
		t.Errorf("the second page has %q", got)
	}
	one := w.do(auth.Viewer, "GET", "/api/v1/addresses?with=health,used_by&name=a1", "").want(200).json()["items"].([]any)[0].(map[string]any)
	if one["health"] != "exceptional" || one["available"] != false || one["state"].(map[string]any)["code"] != "state.task_down" || fmt.Sprint(one["used_by_counts"]) != "map[pool:1]" {
		t.Errorf("with everything: %v", one)
	}
	if plain := w.do(auth.Viewer, "GET", "/api/v1/addresses?name=a1", "").want(200).json()["items"].([]any)[0].(map[string]any); plain["health"] != nil || plain["used_by_counts"] != nil {
		t.Errorf("with nothing: %v", plain)
	}
	if d := w.do(auth.Viewer, "GET", "/api/v1/access-domains?with=used_by", "").want(200).json()["items"].([]any)[0].(map[string]any); fmt.Sprint(d["used_by_counts"]) != "map[]" {
		t.Errorf("an access domain that nothing uses: %v", d)
	}
	// What was read may be written.
	delete(one, "set")
	w.do(auth.Operator, "PATCH", "/api/v1/addresses/a1", `{"remark":"x","health":"ok","state":{"code":"x","text":"y"},"used_by_counts":{"pool":3}}`).want(200)
	w.do(auth.Viewer, "GET", "/api/v1/addresses?health=fine", "").problem(422, "invalid", "health", "exceptional")
	w.do(auth.Viewer, "GET", "/api/v1/addresses?with=all", "").problem(422, "invalid", "with")
	w.do(auth.Viewer, "GET", "/api/v1/addresses?available=maybe", "").problem(422, "invalid", "available")
	w.do(auth.Viewer, "GET", "/api/v1/zones?with=health", "").problem(422, "invalid", "with")
	w.do(auth.Viewer, "GET", "/api/v1/zones?sort=health", "").problem(422, "invalid", "sort")
}

func TestExplainOfADraft(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.site()
	const draft = `"draft":{"put":[{"kind":"address","body":{"name":"c1","address":"192.0.2.9"}},{"kind":"pool","body":{"name":"spare","type":"IPv4","members":[{"address":"c1"}]}}]}`
	got := w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"chain.example.com","line":"mobile:cn-gd","down":["a2"],`+draft+`}`).want(200).json()
	if got["name"] != "chain.example.com" {
		t.Errorf("%v", got)
	}
	have := map[string]bool{}
	for _, c := range w.explain.config {
		have[c.Key.String()] = true
	}
	// The name that the chain leads to is there with all below it as the draft has it.
	for _, want := range []string{"access_domain www.example.com/A", "pool spare", "address c1", "zone example.com", "template t", "address a2"} {
		if !have[want] {
			t.Errorf("the excerpt lacks %s: %v", want, have)
		}
	}
	if have["address b1"] {
		t.Error("the excerpt has what the draft leaves out")
	}
	many := w.do(auth.Viewer, "POST", "/api/v1/explain/batch", `{"questions":[{"name":"www.example.com"},{"name":"www.example.com","client":"192.0.2.0/24"}],`+draft+`}`).want(200).json()["answers"].([]any)
	if len(many) != 2 || many[1].(map[string]any)["explanation"] == nil {
		t.Errorf("%v", many)
	}
	w.explain.err = &traffic.Invalid{Problems: []traffic.Problem{{Field: "client", Code: "invalid_value", Message: "is no address"}}}
	many = w.do(auth.Viewer, "POST", "/api/v1/explain/batch", `{"questions":[{"name":"www.example.com"}]}`).want(200).json()["answers"].([]any)
	if e := many[0].(map[string]any); e["explanation"] != nil || e["error"].(map[string]any)["code"] != "invalid" {
		t.Errorf("%v", e)
	}
	w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"x.example.com","node":"n1",`+draft+`}`).problem(422, "invalid", "draft")
	w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"x.example.com","draft":{"put":[{"kind":"pool","body":{"name":"p","polcy":"weighted"}}]}}`).problem(422, "invalid", "draft.put[0].body.polcy")
	w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"x.example.com","draft":{"delete":[{"kind":"pool","name":"spare"}]}}`).problem(409, "in_use")
	w.do(auth.Viewer, "POST", "/api/v1/explain/batch", `{"questions":[`+strings.Repeat(`{"name":"x"},`, 100)+`{"name":"x"}]}`).problem(422, "invalid", "questions")
	w.do(auth.Viewer, "POST", "/api/v1/explain/batch", `{"questions":[]}`).problem(422, "invalid", "questions")
	// An assertion that the draft breaks does not hide what it would do.
	w.explain.err = nil
	w.do(auth.Operator, "POST", "/api/v1/assertions", `{"name":"www.example.com","type":"A","line":"default","expect":{"pool":"main"}}`).want(201)
	w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"www.example.com","draft":{"put":[{"kind":"access_domain","body":{"name":"www.example.com","type":"A","policy":"sequential","pools":[{"pool":"spare"}]}}]}}`).want(200)
}
