package api_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/stat"
)

// measured gives a world a minute of measurements and of queries.
func measured(t *testing.T) *world {
	t.Helper()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/changes", `{"put":[
		{"kind":"address","body":{"name":"a","address":"192.0.2.1"}},{"kind":"address","body":{"name":"b","address":"192.0.2.2"}},
		{"kind":"pool","body":{"name":"p","type":"IPv4","members":[{"address":"a","weight":3},{"address":"b","weight":1},{"address":"b2","enabled":false}],"policy":"weighted"}},
		{"kind":"address","body":{"name":"b2","address":"192.0.2.3"}},
		{"kind":"zone","body":{"name":"example.com"}},
		{"kind":"access_domain","body":{"name":"www.example.com","type":"A","pools":[{"pool":"p"}]}}]}`).want(200)
	eventually := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("not within 10 s: " + what)
			}
		}
	}
	report := &stat.Queries{Head: stat.Head{From: "r1", Instance: "i", Seq: 1, SpanMS: 10_000, AgeMS: 60_000},
		Answers: []stat.Answer{{Domain: "www.example.com/A", Line: "cn", Pool: "p", Address: "a", Count: 60}, {Domain: "www.example.com/A", Line: "default", Pool: "p", Address: "b", Count: 40},
			{Domain: "www.example.com/A", Line: "default", Count: 5}, {Domain: "www.example.com/A", Line: "cn", Pool: "gone", Address: "x", Count: 20}},
		Codes: []stat.Code{{Type: 1, Count: 125}}, Subnets: []stat.Subnet{{Subnet: "8.8.8.0/24", Country: "us", Queries: 40, Samples: 10}},
		Zones: []stat.Zone{{Zone: "example.com", Outcome: "nxdomain", Count: 9}}}
	eventually("this process leads", func() bool { return w.history.Counted(report) })
	task := stat.Task{Key: traffic.TaskKey{Address: "a", Template: "web", Port: 80}}
	task.Observe(true, 20*time.Millisecond)
	task.Observe(false, 0)
	w.history.Probed(&stat.Probes{Head: stat.Head{From: "hz", Instance: "i", Seq: 1, SpanMS: 60_000, Period: 5}, Tasks: []stat.Task{task}})
	w.history.Moved([]history.Transition{{Kind: history.OfTask, Subject: "a/web/80", Address: "a", From: "up", To: "down", Cause: "hz: timeout", Data: []byte(`[{"vantage":"hz","finding":"failed"}]`)},
		{Kind: history.OfAddress, Subject: "a", Address: "a", From: "available", To: "unavailable", Cause: "task a/web/80 is down"}})
	eventually("all is written", func() bool {
		list, err := w.history.Transitions(t.Context(), history.TransitionFilter{Limit: 5})
		return err == nil && len(list) == 2 && w.history.Stats().Queued == 0
	})
	return w
}

func TestHistoryIsRead(t *testing.T) {
	t.Parallel()
	w := measured(t)
	get := func(path string) map[string]any {
		t.Helper()
		return w.do(auth.Viewer, "GET", "/api/v1/"+path, "").want(200).json()
	}
	items := get("history/transitions?address=a&last=1h")["items"].([]any)
	first := items[1].(map[string]any)
	if len(items) != 2 || first["cause"] != "hz: timeout" || first["data"].([]any)[0].(map[string]any)["vantage"] != "hz" || items[0].(map[string]any)["incident"] != first["id"] {
		t.Errorf("transitions %v", items)
	}
	page := get("history/transitions?limit=1")
	if next := page["next_cursor"].(string); get("history/transitions?limit=1&cursor=" + next)["items"].([]any)[0].(map[string]any)["kind"] != "task" {
		t.Errorf("the second page after %v", page)
	}
	h := get("history/health?address=a&last=2h")
	s := h["series"].([]any)[0].(map[string]any)
	p := s["points"].([]any)[0].(map[string]any)
	if h["step_seconds"] != 60.0 || s["vantage"] != "hz" || s["task"].(map[string]any)["port"] != 80.0 || p["probes"] != 2.0 || p["failed"] != 1.0 || p["lost"] != 1.0 || p["avg_ms"] != 20.0 {
		t.Errorf("health %v", h)
	}
	if got := get("history/health?by=none&step=1h"); len(got["series"].([]any)) != 1 || got["series"].([]any)[0].(map[string]any)["task"] != nil {
		t.Errorf("all together %v", got)
	}
}

func TestTrafficIsCounted(t *testing.T) {
	t.Parallel()
	w := measured(t)
	get := func(path string) map[string]any {
		t.Helper()
		return w.do(auth.Viewer, "GET", "/api/v1/stats/"+path, "").want(200).json()
	}
	q := get("queries?group_by=line,pool&name=www.example.com&top=2")
	list := q["series"].([]any)
	top := list[0].(map[string]any)
	if q["of"] != "answers" || q["exact"] != true || q["total"] != 125.0 || q["others"] != 25.0 || len(list) != 2 || fmt.Sprint(top["key"]) != "map[line:cn pool:p]" ||
		top["total"] != 60.0 || len(top["points"].([]any)) != 1 || len(q["covered"].([]any)) != 1 {
		t.Errorf("queries %v", q)
	}
	if rest := q["others_points"].([]any); len(rest) != 1 || rest[0].(map[string]any)["queries"] != 25.0 || q["step_seconds"] != 60.0 {
		t.Errorf("others over time %v", q)
	}
	if q := get("queries"); q["of"] != "codes" || q["total"] != 125.0 {
		t.Errorf("all queries %v", q)
	}
	if q := get("queries?group_by=zone,outcome&totals=true"); q["total"] != 9.0 || q["series"].([]any)[0].(map[string]any)["points"] != nil || q["others_points"] != nil || q["step_seconds"] != 60.0 {
		t.Errorf("by zone %v", q)
	}
	c := get("clients?country=us")
	if s := c["series"].([]any)[0].(map[string]any); c["exact"] != false || s["samples"] != 10.0 || s["total"] != 40.0 {
		t.Errorf("clients %v", c)
	}
	sh := get("shares?domain=www.example.com/A")
	pools := sh["pools"].([]any)
	pool, gone := pools[0].(map[string]any), pools[1].(map[string]any)
	a := pool["addresses"].([]any)[0].(map[string]any)
	off := pool["addresses"].([]any)[2].(map[string]any)
	if sh["known"] != true || sh["total"] != 125.0 || sh["empty"] != 5.0 || pool["share"] != 100.0/120 || a["configured"] != 0.75 || a["share"] != 0.6 || off["configured"] != 0.0 ||
		gone["name"] != "gone" || gone["weight"] != nil {
		t.Errorf("shares %v", sh)
	}
	if sh := get("shares?pool=p"); sh["kind"] != "pool" || sh["total"] != 100.0 {
		t.Errorf("shares of a pool %v", sh)
	}
	if sh := get("shares?pool=p&from=2020-01-01T00:00:00Z&until=2020-02-01T00:00:00Z"); sh["known"] != false {
		t.Errorf("shares of a time of which nothing is known %v", sh)
	}
}

func TestWhatHistoryRefuses(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, c := range []struct{ path, code, field string }{
		{"history/health?last=forever", "invalid", "last"},
		{"history/health?from=yesterday", "invalid", "from"},
		{"history/health?from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", "invalid", "from"},
		{"history/health?from=2026-01-02T00:00:00Z&last=1h", "invalid", "last"},
		{"history/health?step=90s", "invalid", "step"},
		{"history/health?by=pool", "invalid", "by"},
		{"history/health?port=x", "invalid", "port"},
		{"history/health?last=20h&step=0m", "invalid", "step"},
		{"history/transitions?cursor=0", "invalid", "cursor"},
		{"stats/queries?group_by=name,colour", "invalid", "group_by"},
		{"stats/queries?group_by=subnet,pool", "invalid", "group_by"},
		{"stats/queries?top=0", "invalid", "top"},
		{"stats/queries?last=9d&step=1m", "", ""},
		{"stats/shares", "invalid", "domain"},
		{"events?from=x", "invalid", "from"},
	} {
		r := w.do(auth.Viewer, "GET", "/api/v1/"+c.path, "")
		if c.code == "" {
			r.want(200)
			continue
		}
		if e := r.problem(422, c.code).json()["errors"].([]any)[0].(map[string]any); e["field"] != c.field {
			t.Errorf("%s: %v", c.path, e)
		}
	}
	w.do(auth.Viewer, "GET", "/api/v1/stats/shares?domain=none.example.com", "").problem(404, "not_found")
}

func TestRetentionIsSet(t *testing.T) {
	t.Parallel()
	w := start(t)
	r := w.do(auth.Viewer, "GET", "/api/v1/history/retention", "").want(200).json()
	if r["minutes"] != "24h0m0s" || r["events"] != "2160h0m0s" {
		t.Errorf("defaults %v", r)
	}
	const body = `{"minutes":"12h","hours":"840h","days":"9600h","events":"240h","transitions":"240h"}`
	w.do(auth.Operator, "PUT", "/api/v1/history/retention", body).problem(403, "forbidden")
	w.do(auth.Admin, "PUT", "/api/v1/history/retention", body).want(200)
	if r := w.do(auth.Viewer, "GET", "/api/v1/history/retention", "").want(200).json(); r["minutes"] != "12h0m0s" {
		t.Errorf("after the change %v", r)
	}
	w.do(auth.Admin, "PUT", "/api/v1/history/retention", `{"minutes":"1h","hours":"840h","days":"9600h","events":"240h","transitions":"240h"}`).problem(422, "invalid")
}

// TestPreviewsAreWeighted: names that go empty come first, then those that clients ask
// for most; where nothing is known that is told apart from no queries.
func TestPreviewsAreWeighted(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/changes", `{"put":[
		{"kind":"address","body":{"name":"a","address":"192.0.2.1"}},{"kind":"address","body":{"name":"b","address":"192.0.2.2"}},
		{"kind":"pool","body":{"name":"p","type":"IPv4","members":[{"address":"a"}]}},{"kind":"pool","body":{"name":"q","type":"IPv4","members":[{"address":"a"},{"address":"b"}]}},
		{"kind":"zone","body":{"name":"example.com"}},
		{"kind":"access_domain","body":{"name":"much.example.com","type":"A","pools":[{"pool":"q"}]}},
		{"kind":"access_domain","body":{"name":"less.example.com","type":"A","pools":[{"pool":"q"}]}},
		{"kind":"access_domain","body":{"name":"none.example.com","type":"A","pools":[{"pool":"q"}]}},
		{"kind":"access_domain","body":{"name":"only.example.com","type":"A","pools":[{"pool":"p"}]}}]}`).want(200)
	const body = `{"put":[{"kind":"address","body":{"name":"a","address":"192.0.2.1","mode":"manual_unavailable"}}]}`
	effect := func() (map[string]any, []any) {
		t.Helper()
		e := w.do(auth.Viewer, "POST", "/api/v1/preview", body).want(200).json()["effect"].(map[string]any)
		return e, e["names"].([]any)
	}
	if e, names := effect(); e["weighted"] != false || len(names) != 4 || names[0].(map[string]any)["queries"] != nil || names[1].(map[string]any)["name"] != "less.example.com" {
		t.Errorf("nothing is known: %v", e)
	}
	w.history.Counted(&stat.Queries{Head: stat.Head{From: "r1", Instance: "i", Seq: 1, SpanMS: 10_000},
		Answers: []stat.Answer{{Domain: "much.example.com/A", Line: "default", Pool: "q", Address: "a", Count: 900}, {Domain: "less.example.com/A", Line: "default", Pool: "q", Address: "a", Count: 7},
			{Domain: "much.example.com/A", Line: "cn", Count: 100}, {Domain: "only.example.com/A", Line: "default", Count: 1}}})
	e, names := effect()
	want := []struct {
		name    string
		queries float64
	}{{"only.example.com", 1}, {"much.example.com", 1000}, {"less.example.com", 7}, {"none.example.com", 0}}
	for i, n := range want {
		got := names[i].(map[string]any)
		if got["name"] != n.name || got["queries"] != n.queries {
			t.Errorf("%d is %v, want %v", i, got, n)
		}
	}
	if class := names[1].(map[string]any)["classes"].([]any)[0].(map[string]any); e["weighted"] != true || class["queries"] != 900.0 {
		t.Errorf("classes %v", class)
	}
	later := w.now.Load().Add(3 * time.Hour)
	w.now.Store(&later)
	if e, _ := effect(); e["weighted"] != false {
		t.Errorf("after three silent hours: %v", e)
	}
}

// TestTrafficInOneCall: what a page of traffic shows, and what it may not ask.
func TestTrafficInOneCall(t *testing.T) {
	t.Parallel()
	w := start(t)
	got := w.do(auth.Viewer, "GET", "/api/v1/stats/traffic?last=30d&points=30&name=www.example.com", "").want(200).json()
	if got["compare"] != "period" || got["change"] != nil || got["known"] != false || got["step_seconds"] != 86400.0 {
		t.Errorf("%v", got)
	}
	by := got["by"].(map[string]any)
	for _, d := range []string{"name", "line", "country", "pool", "address", "rcode", "type"} {
		if b, ok := by[d].(map[string]any); !ok || b["items"] == nil || b["absent"] != nil {
			t.Errorf("by %s: %v", d, by[d])
		}
	}
	got = w.do(auth.Viewer, "GET", "/api/v1/stats/traffic?by=subnet&pool=x&compare=week", "").want(200).json()
	if got["compare"] != "week" || got["by"].(map[string]any)["subnet"].(map[string]any)["absent"] == "" {
		t.Errorf("%v", got)
	}
	if got := w.do(auth.Viewer, "GET", "/api/v1/stats/traffic?by=none", "").want(200).json(); got["compare"] != "day" || len(got["by"].(map[string]any)) != 0 {
		t.Errorf("%v", got)
	}
	for query, field := range map[string]string{"by=name,name": "by", "by=colour": "by", "compare=year": "compare", "points=1": "points", "points=9&step=1h": "points", "points=x": "points", "top=0": "top"} {
		w.do(auth.Viewer, "GET", "/api/v1/stats/traffic?"+query, "").problem(422, "invalid", field)
	}
	for _, path := range []string{"/api/v1/stats/queries?last=24h&points=30", "/api/v1/history/health?last=24h&points=30"} {
		if got := w.do(auth.Viewer, "GET", path, "").want(200).json(); got["step_seconds"] != 3600.0 {
			t.Errorf("%s: %v", path, got["step_seconds"])
		}
	}
}
