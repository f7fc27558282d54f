package api_test

import (
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/traffic"
)

func TestTheOverviewNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	w, h := startSick(t)
	w.site()
	if o := w.do(auth.Viewer, "GET", "/api/v1/overview", "").want(200).json(); len(o["problems"].([]any)) != 0 || o["objects"].(map[string]any)["address"] != 3.0 {
		t.Fatalf("well: %v", o)
	}
	h.set("a1", true)
	h.set("a2", true)
	w.live.vantages = []control.Vantage{{ID: "bj", State: "lost", Reason: "gone"}}
	w.live.tasks = []control.TaskHealth{{TaskKey: traffic.TaskKey{Address: "a1", Template: "t", Port: 80}, State: "down", Failed: 1, Voting: 1, Findings: []control.Finding{{Vantage: "bj", Finding: "failed", Reason: "connection refused"}}}}
	w.history.Moved([]history.Transition{{Kind: history.OfTask, Subject: "a1/t/80", Address: "a1", From: "up", To: "down"}, {Kind: history.OfAddress, Subject: "a1", From: "available", To: "unavailable"},
		{Kind: history.OfDomain, Subject: "www.example.com/A", From: "main", To: "spare"}})
	var problems []any
	for range 200 { // history writes a moment later
		if problems = w.do(auth.Viewer, "GET", "/api/v1/overview", "").want(200).json()["problems"].([]any); problems[0].(map[string]any)["incident"] != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	d := problems[0].(map[string]any)
	if d["kind"] != "access_domain" || d["severity"] != "major" || d["incident"] == nil || d["text"].(map[string]any)["code"] != "overview.some_pools" {
		t.Errorf("first %v", d)
	}
	if c := d["causes"].([]any)[0].(map[string]any); c["vantage"] != "bj" || c["reason"] != "connection refused" {
		t.Errorf("cause %v", c)
	}
	in := d["instead"].([]any)[0].(map[string]any)
	pool := func(side string) any {
		return in[side].(map[string]any)["pools"].([]any)[0].(map[string]any)["pool"]
	}
	if pool("before") != "main" || pool("now") != "spare" {
		t.Errorf("instead %v", in)
	}
	kinds := map[string]int{}
	for _, p := range problems {
		kinds[p.(map[string]any)["kind"].(string)]++
	}
	if kinds["address"] != 2 || kinds["pool"] != 1 || kinds["vantage"] != 1 || len(problems) != 5 {
		t.Errorf("kinds %v", kinds)
	}
	few := w.do(auth.Viewer, "GET", "/api/v1/overview?limit=1", "").want(200).json()
	if len(few["problems"].([]any)) != 4 || few["omitted"].(map[string]any)["address"].(map[string]any)["major"] != 1.0 {
		t.Errorf("one of each: %v", few)
	}
	w.do(auth.Viewer, "GET", "/api/v1/overview?limit=0", "").problem(422, "invalid", "limit")
}
