package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
)

// failbacks remembers what was reset.
type failbacks struct {
	reset []traffic.Key
	err   error
}

func (f *failbacks) Reset(_ context.Context, scope traffic.Key) error {
	f.reset = append(f.reset, scope)
	return f.err
}

const site = `{"put":[
	{"kind":"address","body":{"name":"hz-1","address":"192.0.2.1","labels":{"site":"hz","team":"web"}}},
	{"kind":"address","body":{"name":"sh-1","address":"192.0.2.2","labels":{"site":"sh"}}},
	{"kind":"address","body":{"name":"both","address":"192.0.2.3"}},
	{"kind":"pool","body":{"name":"hz","type":"IPv4","labels":{"team":"web"},"members":[{"address":"hz-1"}]}},
	{"kind":"pool","body":{"name":"sh","type":"IPv4","members":[{"address":"sh-1"}]}},
	{"kind":"pool","body":{"name":"both","type":"IPv4","policy":"sequential","mode":"non_preemptive","members":[{"address":"both"}]}},
	{"kind":"zone","body":{"name":"example.com"}},
	{"kind":"access_domain","body":{"name":"www.example.com","type":"A","ttl":30,"policy":"sequential","pools":[{"pool":"hz"},{"pool":"sh"}]}},
	{"kind":"access_domain","body":{"name":"www.example.com","type":"AAAA","enabled":false}},
	{"kind":"access_domain","body":{"name":"alone.example.com","type":"A","ttl":90,"pools":[{"pool":"hz"}]}}]}`

func TestOverridesFromCreationToTheEnd(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/changes", site).want(200)
	const path, body = "/api/v1/overrides", `{"action":"drain","selector":"site=hz","for":"2h","reason":"new racks"}`

	dry := w.do(op, "POST", path+"?dry_run=true", body).want(200).json()
	caches := func(v map[string]any) string {
		b, _ := json.Marshal(v["caches"].(map[string]any)["names"])
		return string(b)
	}
	const drained = `[{"cached_for":90,"name":"alone.example.com","type":"A"},{"cached_for":30,"name":"www.example.com","type":"A"}]`
	if dry["dry_run"] != true || caches(dry) != drained || dry["caches"].(map[string]any)["cached_for"] != 90.0 || dry["override"].(map[string]any)["state"] != "planned" {
		t.Errorf("dry run: %v", dry)
	}
	codes := func(v map[string]any) (out []string) {
		for _, p := range v["warnings"].([]any) {
			m := p.(map[string]any)
			out = append(out, fmt.Sprint(m["code"], " ", m["name"]))
		}
		return out
	}
	if got := strings.Join(codes(dry), ", "); got != "pool_unavailable (new), nodata alone.example.com/A" {
		t.Errorf("warnings: %s", got)
	}
	if r := w.do(op, "GET", path, "").want(200).json(); r["total"] != 0.0 {
		t.Errorf("a dry run left %v", r)
	}

	made := w.do(op, "POST", path, body, "Idempotency-Key", "k").want(201)
	if again := w.do(op, "POST", path, body, "Idempotency-Key", "k").want(201); again.json()["override"].(map[string]any)["id"] != made.json()["override"].(map[string]any)["id"] {
		t.Errorf("a repeat made another: %s", again.body)
	}
	w.do(op, "POST", path, `{"action":"enable","target":"pool/hz"}`, "Idempotency-Key", "k").problem(422, "idempotency_key_reused")
	v := made.json()
	if v["revision"] != 2.0 || caches(v) != drained || len(v["effect"].(map[string]any)["names"].([]any)) != 2 {
		t.Errorf("made: %s", made.body)
	}
	one := made.header.Get("Location")
	got := w.do(auth.Viewer, "GET", one, "").want(200)
	o := got.json()
	if o["action"] != "drain" || o["selector"] != "site=hz" || o["author"] != "operator" || o["reason"] != "new racks" || o["reaches"] != 1.0 || o["lasts"] != "2h0m0s" || o["state"] != "spreading" || o["ends_at"] == nil || o["target"] != nil {
		t.Errorf("read: %s", got.body)
	}
	if r := w.do(auth.Viewer, "GET", "/api/v1/revisions/2", "").want(200).json(); !strings.Contains(r["comment"].(string), "(drain site=hz)") || r["author"] != "operator" {
		t.Errorf("revision: %v", r)
	}

	// It shows at what it is about, and what is read there may be sent back.
	a := w.do(auth.Viewer, "GET", "/api/v1/addresses/hz-1", "").want(200)
	if x := a.json()["override"].(map[string]any); x["id"] != o["id"] || x["reason"] != "new racks" {
		t.Errorf("address: %s", a.body)
	}
	w.do(op, "PUT", "/api/v1/addresses/hz-1", string(a.body)).want(200)
	list := w.do(auth.Viewer, "GET", "/api/v1/addresses?name=hz-1&name=sh-1", "").want(200).json()["items"].([]any)
	if list[0].(map[string]any)["override"] == nil || list[1].(map[string]any)["override"] != nil {
		t.Errorf("list: %v", list)
	}
	if s := w.do(auth.Viewer, "GET", "/api/v1/status", "").want(200).json()["overrides"].([]any); len(s) != 1 || s[0].(map[string]any)["id"] != o["id"] {
		t.Errorf("status: %v", s)
	}

	// Longer, by the version that was read.
	w.do(op, "PATCH", one, `{"for":"4h"}`, "If-Match", `"1"`).problem(412, "version_mismatch")
	w.do(op, "PATCH", one+"?dry_run=true", `{"for":"4h"}`).want(200)
	p := w.do(op, "PATCH", one, `{"for":"4h","reason":"still"}`, "If-Match", got.header.Get("ETag")).want(200).json()["override"].(map[string]any)
	if p["lasts"] != "4h0m0s" || p["reason"] != "still" || p["created_at"] != o["created_at"] || p["action"] != "drain" {
		t.Errorf("patched: %v", p)
	}
	p = w.do(op, "PATCH", one, `{"for":"0s"}`).want(200).json()["override"].(map[string]any)
	if p["lasts"] != nil || p["ends_at"] != nil || p["reason"] != "still" {
		t.Errorf("without end: %v", p)
	}
	for _, bad := range []string{`{"for":"-1s"}`, `{"for":"1ms"}`, `{"for":"9000h"}`, `{"action":"enable"}`, `{"for":7}`, `{"reason":"` + strings.Repeat("x", 1025) + `"}`} {
		w.do(op, "PATCH", one, bad).problem(422, "invalid")
	}

	// The nearer order is said to be stronger.
	n := w.do(op, "POST", path, `{"action":"enable","target":"hz-1"}`).want(201).json()["override"].(map[string]any)
	if n["target"] != "address/hz-1" {
		t.Errorf("%v", n)
	}
	if got := codes(w.do(op, "POST", path+"?dry_run=true", `{"action":"drain","selector":"team=web"}`).want(200).json()); fmt.Sprint(got) != "[overruled (new) nodata alone.example.com/A]" {
		t.Errorf("warnings: %v", got)
	}
	filter := func(q string) float64 {
		return w.do(auth.Viewer, "GET", path+"?"+q, "").want(200).json()["total"].(float64)
	}
	for q, want := range map[string]float64{"": 2, "action=drain": 1, "target=hz-1": 1, "target=address/hz-1": 1, "target=pool/gone": 0, "selector=site%3Dhz": 1, "author=ann": 0, "state=spreading": 2, "q=STILL": 1, "limit=1": 2} {
		if got := filter(q); got != want {
			t.Errorf("?%s finds %v, want %v", q, got, want)
		}
	}

	w.do(op, "DELETE", one+"?dry_run=true", "").want(200)
	w.do(op, "DELETE", one, "", "If-Match", `"2"`).problem(412, "version_mismatch")
	gone := w.do(op, "DELETE", one+"?comment=done", "", "Idempotency-Key", "d").want(200)
	if again := w.do(op, "DELETE", one+"?comment=done", "", "Idempotency-Key", "d").want(200); again.json()["revision"] != gone.json()["revision"] {
		t.Errorf("repeated: %s", again.body)
	}
	w.do(op, "DELETE", one, "").problem(404, "not_found")
	w.do(op, "PATCH", one, `{"for":"1h"}`).problem(404, "not_found")
	w.do(auth.Viewer, "GET", one, "").problem(404, "not_found")

	// What happened stands in the events, once each.
	var texts []string
	for _, e := range w.do(auth.Viewer, "GET", "/api/v1/events?kind=override&after=0", "").want(200).json()["items"].([]any) {
		texts = append(texts, e.(map[string]any)["text"].(string))
	}
	want := []string{"drain site=hz created by operator, until ", "drain site=hz changed by operator, until ", "drain site=hz changed by operator: still", "enable address/hz-1 created by operator", "drain site=hz cleared by operator: still"}
	if len(texts) != len(want) {
		t.Fatalf("events: %q", texts)
	}
	for i := range want {
		if !strings.HasPrefix(texts[i], want[i]) {
			t.Errorf("event %d: %q, want %q", i, texts[i], want[i])
		}
	}
}

func TestOverridesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/changes", site).want(200)
	const path = "/api/v1/overrides"
	w.do(op, "POST", path, `{"action":"drain","target":"both"}`).problem(409, "ambiguous", "address/both or pool/both")
	w.do(op, "POST", path, `{"action":"drain","target":"www.example.com"}`).problem(409, "ambiguous", "access-domain/www.example.com/A or access-domain/www.example.com/AAAA")
	w.do(op, "POST", path, `{"action":"drain","target":"pool/nothing"}`).problem(404, "not_found", "write address/NAME")
	w.do(op, "POST", path, `{"action":"drain","target":"example.com"}`).problem(404, "not_found")
	w.do(op, "POST", path, `{"action":"stop","target":"pool/hz"}`).problem(422, "invalid", `"field":"action"`)
	w.do(op, "POST", path, `{"action":"drain"}`).problem(422, "invalid", `"field":"target"`)
	w.do(op, "POST", path, `{"action":"drain","target":"pool/hz","selector":"a=b"}`).problem(422, "invalid", "give one of them")
	w.do(op, "POST", path, `{"action":"drain","selector":"hz"}`).problem(422, "invalid", "is not a selector")
	w.do(op, "POST", path, `{"action":"drain","target":"pool/hz","for":"-1h"}`).problem(422, "invalid", "must be positive")
	w.do(op, "POST", path, `{"action":"drain","target":"pool/hz","for":"9000h"}`).problem(422, "invalid", "8784h")
	w.do(op, "POST", path, `{"action":"drain","target":"pool/hz","author":"ann"}`).problem(422, "invalid", "author")
	w.do(op, "POST", path, `{"action":"drain","target":"pool/hz"}`, "If-Match", `"1"`).problem(422, "invalid", "If-Match")
	// An override is no configuration: no change set takes one.
	w.do(op, "POST", "/api/v1/changes", `{"put":[{"kind":"override","body":{"action":"drain","target":"pool/hz"}}]}`).problem(422, "invalid", "kind")
	w.do(op, "POST", "/api/v1/changes", `{"delete":[{"kind":"override","name":"x"}]}`).problem(422, "invalid", "kind")
	if r := w.do(op, "GET", "/api/v1/revisions", "").want(200).json(); len(r["items"].([]any)) != 1 {
		t.Errorf("a refusal made a revision: %v", r)
	}
	// Every way to say which one.
	for text, want := range map[string]string{"hz-1": "address/hz-1", "hz": "pool/hz", "WWW.example.com./a": "access-domain/www.example.com/A", "access-domain/alone.example.com": "access-domain/alone.example.com/A", "alone.example.com": "access-domain/alone.example.com/A"} {
		if got := w.do(op, "POST", path+"?dry_run=true", fmt.Sprintf(`{"action":"enable","target":%q}`, text)).want(200).json()["override"].(map[string]any)["target"]; got != want {
			t.Errorf("%s is %v, want %s", text, got, want)
		}
	}
	id := w.do(op, "GET", "/api/v1/pools/both", "").want(200).json()["id"]
	if got := w.do(op, "POST", path+"?dry_run=true", fmt.Sprintf(`{"action":"enable","target":%q}`, id)).want(200).json()["override"].(map[string]any)["target"]; got != "pool/both" {
		t.Errorf("the id of a pool is %v", got)
	}
}

// TestScopedOperatorsOrderAboutWhatTheyMayWrite: by the labels of the target, and by
// those of a selector, which may reach anything that carries them.
func TestScopedOperatorsOrderAboutWhatTheyMayWrite(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/changes", site).want(200)
	w.tokens["web"] = w.do(auth.Admin, "POST", "/api/v1/tokens", `{"name":"web","role":"operator","labels":{"team":"web"}}`).want(201).json()["token"].(string)
	const path = "/api/v1/overrides"
	made := w.do("web", "POST", path, `{"action":"drain","target":"pool/hz"}`).want(201).header.Get("Location")
	w.do("web", "POST", path, `{"action":"drain","selector":"team=web,site=hz"}`).want(201)
	w.do("web", "POST", path, `{"action":"drain","target":"pool/sh"}`).problem(403, "forbidden", "Pool sh")
	w.do("web", "POST", path, `{"action":"drain","selector":"site=hz"}`).problem(403, "forbidden", "site=hz")
	w.do("web", "POST", path+"?dry_run=true", `{"action":"drain","selector":"site=hz"}`).problem(403, "forbidden")
	w.do("web", "DELETE", made, "").want(200)
	other := w.do(auth.Operator, "POST", path, `{"action":"drain","target":"sh-1"}`).want(201).header.Get("Location")
	w.do("web", "DELETE", other, "").problem(403, "forbidden", "sh-1")
	w.do("web", "PATCH", other, `{"for":"1h"}`).problem(403, "forbidden", "sh-1")
	w.do("web", "POST", "/api/v1/failback", `{"target":"pool/both"}`).problem(403, "forbidden", "Pool both")
}

func TestFailback(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/changes", site).want(200)
	const path = "/api/v1/failback"
	if r := w.do(op, "POST", path+"?dry_run=true", `{"target":"pool/both"}`).want(200).json(); r["to"] != "both" || r["dry_run"] != true || len(w.failback.reset) != 0 {
		t.Errorf("dry: %v, %v", r, w.failback.reset)
	}
	if r := w.do(op, "POST", path+"?comment=night", `{"target":"pool/both"}`, "Idempotency-Key", "k").want(200).json(); r["target"] != "pool/both" || r["to"] != "both" {
		t.Errorf("%v", r)
	}
	w.do(op, "POST", path+"?comment=night", `{"target":"pool/both"}`, "Idempotency-Key", "k").want(200)
	w.do(op, "POST", path, `{"target":"pool/hz"}`, "Idempotency-Key", "k").problem(422, "idempotency_key_reused")
	if len(w.failback.reset) != 1 || w.failback.reset[0] != (traffic.Key{Kind: traffic.KindPool, Name: "both"}) {
		t.Errorf("reset %v", w.failback.reset)
	}
	w.do(op, "POST", path, `{"target":"pool/hz"}`).problem(409, "wrong_policy", "Pool hz has the policy round_robin, which returns by itself")
	w.do(op, "POST", path, `{"target":"alone.example.com"}`).problem(409, "wrong_policy", "non_preemptive")
	w.do(op, "POST", path, `{"target":"address/both"}`).problem(409, "wrong_policy", "has no policy")
	w.do(op, "POST", path, `{"target":"both"}`).problem(409, "ambiguous")
	w.do(op, "POST", path, `{"target":"none"}`).problem(404, "not_found")
	w.do(op, "POST", path, `{}`).problem(422, "invalid", "target")
	w.failback.err = errors.New("store is away")
	w.do(op, "POST", path, `{"target":"pool/both"}`).problem(500, "internal")
	if r := w.do(auth.Viewer, "GET", "/api/v1/events?kind=failback", "").want(200).json()["items"].([]any); len(r) != 1 || r[0].(map[string]any)["text"] != "failback of pool/both by operator, from no member to both: night" {
		t.Errorf("events %v", r)
	}
}

// TestStateSaysHowFarAnOverrideHasCome: who is waited for, who is not, and what then.
func TestStateSaysHowFarAnOverrideHasCome(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/changes", site).want(200)
	one := w.do(auth.Operator, "POST", "/api/v1/overrides", `{"action":"drain","target":"pool/hz"}`).want(201).header.Get("Location")
	head, err := w.control.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := func(rev uint64) traffic.Position { return traffic.Position{Epoch: head.Epoch, Revision: rev} }
	prober := node("p", at(1), 0)
	prober.Roles = []string{"prober"}
	w.live.nodes = append(w.live.nodes, node("a", at(2), 0), node("b", at(1), time.Second), node("c", at(1), time.Minute), prober)
	id := strings.TrimPrefix(one, "/api/v1/overrides/")
	read := func() map[string]any { return w.do(auth.Viewer, "GET", one, "").want(200).json() }
	if o := read(); o["state"] != "spreading" || fmt.Sprint(o["waiting"]) != "[b]" || fmt.Sprint(o["unknown"]) != "[c]" || o["cached_until"] != nil || fmt.Sprint(o["names"]) != "[alone.example.com/A www.example.com/A]" {
		t.Errorf("%v", o)
	}
	now := time.Now()
	set := func(at time.Time) {
		if err := w.store.SetSpread(t.Context(), id, at); err != nil {
			t.Fatal(err)
		}
	}
	set(now)
	if o := read(); o["state"] != "spreading" { // b has come back behind
		t.Errorf("%v", o)
	}
	w.live.nodes[1] = node("b", at(2), 0)
	if o := read(); o["state"] != "draining" || o["cached_until"] != now.UTC().Truncate(time.Microsecond).Add(90*time.Second).Format(time.RFC3339Nano) {
		t.Errorf("%v", o)
	}
	set(now.Add(-2 * time.Minute))
	if o := read(); o["state"] != "drained" || fmt.Sprint(o["unknown"]) != "[c]" {
		t.Errorf("%v", o)
	}
}
