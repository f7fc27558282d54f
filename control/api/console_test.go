package api_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/stat"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// placedWorld is a small map: 202.96.128.0/24 is China Mobile in Guangdong, 8.8.8.0/24
// is in Germany.
func placedWorld(t *testing.T) *line.World {
	t.Helper()
	m, err := line.NewMap(line.Data{
		About:  line.About{Sources: []line.Source{{Name: "a test", Licence: "CC0-1.0"}}, Attribution: []string{"Places by a test."}},
		Places: []line.Place{{}, {Country: "cn", Subdivision: "cn-gd", Name: "Guangdong", Point: line.Point{Lat: 23, Lon: 113}, PointOK: true}, {Country: "de", Name: "Berlin", Point: line.Point{Lat: 52, Lon: 13}, PointOK: true}},
		Kinds:  []line.Kind{{}, {Place: 1, ISP: "mobile", ASN: 9808, Confidence: line.High}, {Place: 2, Confidence: line.High}},
		V4:     []uint32{0, 0x08080800, 0x08080900, 0xCA608000, 0xCA608100}, V4Kind: []uint32{0, 2, 0, 1, 0},
		V6Hi: []uint64{0}, V6Lo: []uint64{0}, V6Kind: []uint32{0},
	})
	if err != nil {
		t.Fatal(err)
	}
	w, err := line.NewWorld(m, []line.Custom{{Name: "office", Prefixes: []netip.Prefix{netip.MustParsePrefix("202.96.128.128/25")}}})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func startPlaced(t *testing.T) (*world, *health) {
	h, place := &health{down: map[string]bool{}}, placedWorld(t)
	w := startWith(t, func(d *api.Deps, _ string) {
		d.Health, d.World, d.Notice = steer.Health{Verdict: h.verdict}, func() *line.World { return place }, "Meridian and others"
	})
	w.site()
	w.do(auth.Operator, "POST", "/api/v1/lines", `{"name":"office","cidrs":["202.96.128.128/25"],"labels":{"team":"web"}}`).want(201)
	w.do(auth.Operator, "PATCH", "/api/v1/access-domains/www.example.com", `{"policy":"proximity","mode":null,"pools":[{"pool":"main","lines":["office","mobile:cn-gd"]},{"pool":"spare"}]}`).want(200)
	return w, h
}

func TestSearchFindsAllKinds(t *testing.T) {
	t.Parallel()
	w, _ := startPlaced(t)
	w.do(auth.Operator, "POST", "/api/v1/records", `{"zone":"example.com","name":"mail","type":"A","data":["192.0.2.77"]}`).want(201)
	w.do(auth.Operator, "POST", "/api/v1/overrides", `{"action":"drain","target":"address/b1","reason":"racks move"}`).want(201)
	w.live.nodes = []control.Node{{NodeStatus: traffic.NodeStatus{ID: "ns1", Labels: map[string]string{"site": "rack-77"}}, State: "heard"}}
	id := w.do(auth.Viewer, "GET", "/api/v1/pools/main", "").want(200).json()["id"].(string)
	for q, want := range map[string]string{
		"www": "access_domain/www.example.com/A name", "MAIN": "pool/main name", "192.0.2.1": "address/a1 address", "site=hz": "address/a1 label", "hangzhou": "address/b1 remark",
		"202.96.128.200": "line/office network", "192.0.2.77": "record/example.com/mail.example.com/A data", "racks": "override/ remark", "rack-77": "node/ns1 label", "广东": "builtin_line/cn-gd name", id: "pool/main id",
		"team=web": "line/office label", "example.com": "access_domain/www.example.com/A name",
	} {
		items := w.do(auth.Viewer, "GET", "/api/v1/search?q="+q, "").want(200).json()["items"].([]any)
		if len(items) == 0 {
			t.Errorf("%s: nothing", q)
			continue
		}
		first := items[0].(map[string]any)
		if got := fmt.Sprintf("%v/%v %v", first["kind"], first["name"], first["match"]); got != want && !(first["kind"] == "override" && strings.HasPrefix(want, "override/")) {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
	many := w.do(auth.Viewer, "GET", "/api/v1/search?q=a&limit=1", "").want(200).json()
	kinds := map[any]int{}
	for _, i := range many["items"].([]any) {
		kinds[i.(map[string]any)["kind"]]++
	}
	if kinds["address"] != 1 || many["total"].(map[string]any)["address"].(float64) < 2 {
		t.Errorf("one of each: %v", many)
	}
	if none := w.do(auth.Viewer, "GET", "/api/v1/search?q=", "").want(200).json(); len(none["items"].([]any)) != 0 {
		t.Errorf("%v", none)
	}
	w.do(auth.Viewer, "GET", "/api/v1/search?q=a&limit=99", "").problem(422, "invalid", "limit")
}

func TestLinesAreExplained(t *testing.T) {
	t.Parallel()
	w, _ := startPlaced(t)
	l := w.do(auth.Viewer, "GET", "/api/v1/lines/mobile:cn-gd/about", "").want(200).json()
	if l["custom"] != false || l["name_zh"] == "" || l["parents"].([]any)[0] != "mobile:cn-huanan" || l["alias"] != "cn_mobile_guangdong" || fmt.Sprint(l["holds"].(map[string]any)["addresses_ipv4"]) != "256" ||
		fmt.Sprint(l["used_by"]) != "[map[kind:access_domain name:www.example.com/A]]" || l["chain"].([]any)[0] != "mobile:cn-gd" {
		t.Errorf("built-in: %v", l)
	}
	if by := w.do(auth.Viewer, "GET", "/api/v1/lines/cn_mobile_guangdong/about", "").want(200).json(); by["code"] != "mobile:cn-gd" {
		t.Errorf("by alias: %v", by)
	}
	if l := w.do(auth.Viewer, "GET", "/api/v1/lines/office/about", "").want(200).json(); l["custom"] != true || l["networks"] != 1.0 || len(l["used_by"].([]any)) != 1 {
		t.Errorf("custom: %v", l)
	}
	if l := w.do(auth.Viewer, "GET", "/api/v1/lines/asia/about", "").want(200).json(); len(l["children"].([]any)) == 0 || fmt.Sprint(l["holds"].(map[string]any)["countries"]) != "[cn]" {
		t.Errorf("with children: %v", l)
	}
	w.do(auth.Viewer, "GET", "/api/v1/lines/none/about", "").problem(404, "not_found")

	m := w.do(auth.Viewer, "POST", "/api/v1/lines/match", `{"client":"202.96.128.200","cidrs":["202.96.128.0/24","202.96.128.0/24","202.96.128.128/25","192.0.2.0/28","nonsense"]}`).want(200).json()
	c := m["client"].(map[string]any)
	first := c["lines"].([]any)[0].(map[string]any)
	if first["code"] != "office" || first["why_said"].(map[string]any)["code"] != "line.network" || c["country"] != "cn" || c["isp"] != "mobile" || c["in_draft"] != "202.96.128.128/25" || c["point"] == nil {
		t.Errorf("client: %v", c)
	}
	d := m["draft"].(map[string]any)
	if o := d["overlaps"].([]any)[0].(map[string]any); d["networks"] != 3.0 || d["duplicate"] != 1.0 || d["inside"] != 1.0 || len(d["invalid"].([]any)) != 1 || o["line"] != "office" || o["equal"] != 1.0 {
		t.Errorf("draft: %v", d)
	}
	own := w.do(auth.Viewer, "POST", "/api/v1/lines/match", `{"name":"office","cidrs":["202.96.128.0/24"]}`).want(200).json()["draft"].(map[string]any)
	wide := w.do(auth.Viewer, "POST", "/api/v1/lines/match", `{"cidrs":["202.96.128.0/24"]}`).want(200).json()["draft"].(map[string]any)["overlaps"].([]any)[0].(map[string]any)
	narrow := w.do(auth.Viewer, "POST", "/api/v1/lines/match", `{"cidrs":["202.96.128.130/32"]}`).want(200).json()["draft"].(map[string]any)["overlaps"].([]any)[0].(map[string]any)
	if len(own["overlaps"].([]any)) != 0 || wide["narrower"] != 1.0 || narrow["wider"] != 1.0 {
		t.Errorf("own %v, wide %v, narrow %v", own, wide, narrow)
	}
	w.do(auth.Viewer, "POST", "/api/v1/lines/match", `{}`).problem(422, "invalid", "client")
	w.do(auth.Viewer, "POST", "/api/v1/lines/match", `{"client":"x"}`).problem(422, "invalid", "client")
}

// eventually waits for what other goroutines do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 10 s: " + what)
		}
	}
}

func TestTheMapAndAttribution(t *testing.T) {
	t.Parallel()
	w, h := startPlaced(t)
	h.set("a1", true)
	w.live.vantages = []control.Vantage{{ID: "bj", State: "alive", Labels: map[string]string{"country": "CN", "province": "GD"}}, {ID: "x", State: "lost"}}
	w.live.nodes = []control.Node{{NodeStatus: traffic.NodeStatus{ID: "ns1", Roles: []string{"resolver"}, Labels: map[string]string{"latitude": "1.5", "longitude": "2.5"}}, State: "heard"}}
	report := &stat.Queries{Head: stat.Head{From: "r1", Instance: "i", Seq: 1, SpanMS: 10_000, AgeMS: 60_000}, Codes: []stat.Code{{Type: 1, Count: 60}},
		Countries: []stat.Country{{Country: "cn", Domain: "www.example.com/A", Queries: 50, Samples: 5}, {Country: "de", Domain: "www.example.com/A", Queries: 10, Samples: 1}},
		Subnets:   []stat.Subnet{{Subnet: "202.96.128.0/24", Country: "cn", Queries: 40, Samples: 4}}}
	eventually(t, "this process leads", func() bool { return w.history.Counted(report) })
	var m map[string]any
	eventually(t, "clients are counted", func() bool {
		m = w.do(auth.Viewer, "GET", "/api/v1/map/points", "").want(200).json()
		return m["clients"].(map[string]any)["known"] == true && len(m["clients"].(map[string]any)["provinces"].([]any)) > 0
	})
	addresses := m["addresses"].([]any)
	first := addresses[0].(map[string]any)
	if len(addresses) != 1 || m["unplaced_addresses"] != 2.0 || first["name"] != "a1" || first["health"] != "exceptional" || first["place"].(map[string]any)["source"] != "configured" {
		t.Errorf("addresses %v", addresses)
	}
	v, n := m["vantages"].([]any), m["nodes"].([]any)[0].(map[string]any)
	if p := v[0].(map[string]any)["place"].(map[string]any); p["subdivision"] != "cn-gd" || int(p["latitude"].(float64)+0.5) != 23 || v[1].(map[string]any)["place"] != nil || n["place"].(map[string]any)["longitude"] != 2.5 {
		t.Errorf("vantages %v, node %v", v, n)
	}
	c := m["clients"].(map[string]any)
	country, province := c["countries"].([]any)[0].(map[string]any), c["provinces"].([]any)[0].(map[string]any)
	if country["code"] != "cn" || country["queries"] != 50.0 || country["point"] == nil || province["code"] != "cn-gd" || province["queries"] != 40.0 || province["name_zh"] != "广东" {
		t.Errorf("clients %v", c)
	}
	a := w.do(auth.Viewer, "GET", "/api/v1/attribution", "").want(200).json()
	if a["credits"].([]any)[0] != "Places by a test." || a["sources"].([]any)[0].(map[string]any)["licence"] != "CC0-1.0" || a["notice"] != "Meridian and others" {
		t.Errorf("%v", a)
	}
	// A preview shows the network that asked most by its own answers.
	p := w.do(auth.Viewer, "POST", "/api/v1/preview", `{"put":[{"kind":"access_domain","body":{"name":"www.example.com","type":"A","policy":"proximity","pools":[{"pool":"spare"}]}}]}`).want(200).json()["effect"].(map[string]any)
	client := p["names"].([]any)[0].(map[string]any)["clients"].([]any)[0].(map[string]any)
	if p["sampled"] != true || client["subnet"] != "202.96.128.0/24" || client["changed"] != true || client["queries"] != 40.0 || client["lines"].([]any)[0] != "mobile:cn-gd" {
		t.Errorf("preview %v", p)
	}
}

func TestIncidentsAndStrips(t *testing.T) {
	t.Parallel()
	w, h := startPlaced(t)
	now := w.clock().Add(4 * time.Hour)
	w.now.Store(&now)
	move := func(ago time.Duration, list ...history.Transition) {
		for i := range list {
			list[i].At = now.Add(-ago)
		}
		w.history.Moved(list)
	}
	eventually(t, "this process leads", func() bool {
		move(3*time.Hour, history.Transition{Kind: history.OfVantage, Subject: "probe", From: "heard", To: "heard"})
		list, err := w.history.Transitions(t.Context(), history.TransitionFilter{Limit: 1})
		return err == nil && len(list) == 1
	})
	down := func(a string) []history.Transition {
		return []history.Transition{{Kind: history.OfTask, Subject: a + "/t/80", Address: a, From: "up", To: "down", Cause: "bj: refused"}, {Kind: history.OfAddress, Subject: a, Address: a, From: "available", To: "unavailable"}}
	}
	move(50*time.Minute, down("a1")...)
	move(40*time.Minute, history.Transition{Kind: history.OfTask, Subject: "a1/t/80", Address: "a1", From: "down", To: "up"}, history.Transition{Kind: history.OfAddress, Subject: "a1", Address: "a1", From: "unavailable", To: "available"})
	move(30*time.Minute, down("a2")...)
	h.set("a2", true)
	w.live.tasks = []control.TaskHealth{{TaskKey: traffic.TaskKey{Address: "a2", Template: "t", Port: 80}, State: "down"}}
	var items []any
	eventually(t, "incidents are written", func() bool {
		items = w.do(auth.Viewer, "GET", "/api/v1/history/incidents", "").want(200).json()["items"].([]any)
		return len(items) == 2
	})
	open, ended := items[0].(map[string]any), items[1].(map[string]any)
	if open["ended"] != nil || open["cause"] != "bj: refused" || fmt.Sprint(open["down"]) != "[address/a2 task/a2/t/80]" || ended["ended"] == nil || ended["transitions"] != 4.0 || ended["kind"] != "address" {
		t.Errorf("open %v\nended %v", open, ended)
	}
	get := func(path string) map[string]any {
		return w.do(auth.Viewer, "GET", "/api/v1/history/"+path, "").want(200).json()
	}
	if l := get("incidents?state=open")["items"].([]any); len(l) != 1 {
		t.Errorf("open ones %v", l)
	}
	if l := get("incidents?state=over&kind=address&subject=a1")["items"].([]any); len(l) != 1 {
		t.Errorf("of a1 %v", l)
	}
	if one := get(fmt.Sprintf("incidents/%.0f", open["id"])); one["ended"] != nil || len(one["steps"].([]any)) != 2 {
		t.Errorf("one %v", one)
	}
	w.do(auth.Viewer, "GET", "/api/v1/history/incidents/999999", "").problem(404, "not_found")
	w.do(auth.Viewer, "GET", "/api/v1/history/incidents/x", "").problem(404, "not_found")
	w.do(auth.Viewer, "GET", "/api/v1/history/incidents?kind=zone", "").problem(422, "invalid", "kind")
	w.do(auth.Viewer, "GET", "/api/v1/history/incidents?state=maybe", "").problem(422, "invalid", "state")

	s := get("strip?kind=address&name=a1&name=a2&name=b1&last=1h&points=6")
	strips := s["strips"].([]any)
	slots := func(i int) string { return fmt.Sprint(strips[i].(map[string]any)["slots"]) }
	if s["step_seconds"] != 600.0 || slots(0) != "[up down up up up up]" || slots(1) != "[up up up down down down]" || slots(2) != "[unknown unknown unknown unknown unknown unknown]" {
		t.Errorf("%v", s)
	}
	if up := strips[0].(map[string]any)["up_share"].(float64); up < 0.8 || up > 0.9 {
		t.Errorf("up %v", up)
	}
	if s := get("strip?kind=address&name=a1&last=8h&points=2"); fmt.Sprint(s["strips"].([]any)[0].(map[string]any)["slots"]) != "[unknown degraded]" {
		t.Errorf("before it was made: %v", s)
	}
	if s := get("strip?kind=address&name=a1&last=1h&points=1"); fmt.Sprint(s["strips"].([]any)[0].(map[string]any)["slots"]) != "[degraded]" {
		t.Errorf("%v", s)
	}
	if s := get("strip?kind=task&name=a2/t/80&last=1h&points=2"); fmt.Sprint(s["strips"].([]any)[0].(map[string]any)["slots"]) != "[up down]" {
		t.Errorf("%v", s)
	}
	w.do(auth.Viewer, "GET", "/api/v1/history/strip?kind=zone&name=a", "").problem(422, "invalid", "kind")
	w.do(auth.Viewer, "GET", "/api/v1/history/strip?kind=task", "").problem(422, "invalid", "name")
	w.do(auth.Viewer, "GET", "/api/v1/history/strip?name=a&points=0", "").problem(422, "invalid", "points")
}

func TestBrowsersComeBackToThePage(t *testing.T) {
	t.Parallel()
	w, _ := elsewhere(t)
	if m := w.do("", "GET", "/api/v1/session/methods", "").want(200).json(); !strings.HasPrefix(fmt.Sprint(m["oidc_name"]), "127.0.0.1:") || m["first_user"] != true {
		t.Errorf("%v", m)
	}
	const back = "/api/v1/session/oidc/callback?code=x&state=y"
	w.do("", "GET", back, "").problem(401, "sign_in_invalid")
	r := w.do("", "GET", back, "", "Accept", "text/html,application/xhtml+xml").want(302)
	if at := r.header.Get("Location"); at != "/signin?error=sign_in_invalid" {
		t.Errorf("goes to %s", at)
	}
	plain := start(t)
	r = plain.do("", "GET", "/api/v1/session/oidc", "", "Accept", "text/html").want(302)
	if at := r.header.Get("Location"); at != "/signin?error=no_provider" {
		t.Errorf("goes to %s", at)
	}
	plain.user("ann", `[{"role":"viewer"}]`)
	if who := plain.do("ann", "GET", "/api/v1/session", "").want(200).json(); who["can_change_password"] != true || who["role"] != "viewer" {
		t.Errorf("%v", who)
	}
	if who := plain.do(auth.Viewer, "GET", "/api/v1/session", "").want(200).json(); who["can_change_password"] != nil {
		t.Errorf("%v", who)
	}
}

// TestSentencesCarryTheirCodes: whatever is shown to people has a code and arguments
// beside the English text, also where the text came from elsewhere or out of a database.
func TestSentencesCarryTheirCodes(t *testing.T) {
	t.Parallel()
	w, _ := startPlaced(t)
	code := func(v any) string {
		m, _ := v.(map[string]any)
		s, _ := m["said"].(map[string]any)
		if s == nil {
			return ""
		}
		return fmt.Sprint(s["code"], " ", s["args"])
	}
	p := w.do(auth.Operator, "PUT", "/api/v1/pools/main", `{"name":"main","type":"IPv4","answers":99,"policy":"weighted"}`).problem(422, "invalid").json()
	if got := code(p["errors"].([]any)[0]); got != "finding.is_use_1_to_16 map[answers:99]" {
		t.Errorf("finding %q in %v", got, p)
	}
	p = w.do(auth.Viewer, "GET", "/api/v1/pools/none", "").problem(404, "not_found").json()
	if got := code(p); got != "problem.does_not_exist map[what:Pool none]" {
		t.Errorf("problem %q in %v", got, p)
	}
	w.live.nodes = []control.Node{{NodeStatus: traffic.NodeStatus{ID: "ns1", Roles: []string{"resolver"}, Alarms: []string{"its clock is 9s off control's; set up time synchronisation", "something new"}}, State: "heard"}}
	n := w.do(auth.Viewer, "GET", "/api/v1/nodes/ns1", "").want(200).json()["alarms_said"].([]any)
	if n[0].(map[string]any)["code"] == "alarm.text" || n[1].(map[string]any)["code"] != "alarm.text" {
		t.Errorf("alarms %v", n)
	}
	w.live.tasks = []control.TaskHealth{{TaskKey: traffic.TaskKey{Address: "a1", Template: "t", Port: 80}, State: "down", Findings: []control.Finding{{Vantage: "bj", Finding: "failed", Reason: "192.0.2.1:80 refuses connections"}}}}
	f := w.do(auth.Viewer, "GET", "/api/v1/health", "").want(200).json()["items"].([]any)[0].(map[string]any)["findings"].([]any)[0]
	if got := code(f); got != "probe.refuses_connections map[addr:192.0.2.1:80]" {
		t.Errorf("what a probe found: %q", got)
	}
	eventually(t, "a transition is written", func() bool {
		w.history.Moved([]history.Transition{{Kind: history.OfTask, Subject: "a1/t/80", Address: "a1", From: "up", To: "down", Cause: "1 of 1 voting vantages call it failed (bj: 192.0.2.1:80 refuses connections)"}})
		list, err := w.history.Transitions(t.Context(), history.TransitionFilter{Limit: 1})
		return err == nil && len(list) == 1
	})
	tr := w.do(auth.Viewer, "GET", "/api/v1/history/transitions?limit=1", "").want(200).json()["items"].([]any)[0].(map[string]any)
	args := tr["said"].(map[string]any)["args"].(map[string]any)
	if tr["said"].(map[string]any)["code"] != "cause.votes_1" || args["v1"] != "bj" || args["why1"].(map[string]any)["code"] != "probe.refuses_connections" {
		t.Errorf("a cause %v", tr)
	}
	w.do(auth.Operator, "POST", "/api/v1/overrides", `{"action":"drain","target":"address/a1","reason":"racks move","for":"1h"}`).want(201)
	var event map[string]any
	eventually(t, "the event is written", func() bool {
		list := w.do(auth.Viewer, "GET", "/api/v1/events?kind=override", "").want(200).json()["items"].([]any)
		if len(list) > 0 {
			event = list[0].(map[string]any)
		}
		return event != nil
	})
	if s, _ := event["said"].(map[string]any); s == nil || s["code"] != "event.override_until_reason" || s["args"].(map[string]any)["reason"] != "racks move" {
		t.Errorf("an event %v", event)
	}
}
