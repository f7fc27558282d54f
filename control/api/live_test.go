package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// live is what the other layers would say.
type live struct {
	mu       sync.Mutex
	nodes    []control.Node
	vantages []control.Vantage
	tasks    []control.TaskHealth
}

func (l *live) Nodes() []control.Node {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]control.Node(nil), l.nodes...)
}

func (l *live) Vantages() []control.Vantage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]control.Vantage(nil), l.vantages...)
}

func (l *live) Controls() []control.Process { return []control.Process{} }

func (l *live) Task(k traffic.TaskKey) (control.TaskHealth, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.IndexFunc(l.tasks, func(t control.TaskHealth) bool { return t.TaskKey == k })
	if i < 0 {
		return control.TaskHealth{}, false
	}
	return l.tasks[i], true
}

func (l *live) Tasks() []control.TaskHealth {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]control.TaskHealth(nil), l.tasks...)
}

type explainer struct {
	asked  control.ExplainRequest
	err    error
	config []traffic.Change
}

func (e *explainer) Explain(_ context.Context, r control.ExplainRequest) (steer.Explanation, error) {
	e.asked = r
	return explanation(r), e.err
}

func explanation(r control.ExplainRequest) steer.Explanation {
	return steer.Explanation{Name: r.Name, Type: "A", Rcode: "NOERROR", Outcome: "answer", Client: steer.ClientView{Basis: "none", Lines: []line.Match{line.Everyone()}},
		Steps: []steer.Step{{Name: r.Name, Kind: "record"}}, Answer: []steer.Record{{Name: r.Name, Type: "A", Data: "192.0.2.1"}}}
}

func (e *explainer) ExplainIn(_ context.Context, _ traffic.Position, config []traffic.Change, list []control.ExplainRequest) ([]control.Explained, error) {
	e.config = config
	out := make([]control.Explained, len(list))
	for i, r := range list {
		out[i] = control.Explained{Explanation: explanation(r), Err: e.err}
		if r.Name == "chain.example.com" { // leads on to another name
			out[i].Explanation.Steps = append(out[i].Explanation.Steps, steer.Step{Name: "www.example.com.", Kind: "access_domain"})
		}
	}
	return out, nil
}

func node(id string, at traffic.Position, silent time.Duration) control.Node {
	return control.Node{State: "heard", NodeStatus: traffic.NodeStatus{ID: id, Roles: []string{"resolver"}, Version: "test", Position: at, Ready: true,
		Labels: map[string]string{"site": "hz"}}, LastSeen: time.Unix(1, 0), Silent: traffic.Duration(silent)}
}

func TestNodesAreListedInvitedOnesTooAndInAnyOrder(t *testing.T) {
	t.Parallel()
	w := start(t)
	a, b := node("a", traffic.Position{}, time.Second), node("ab", traffic.Position{}, 2*time.Second)
	a.Behind, b.Version = 7, "newer"
	w.live.nodes = []control.Node{a, b}
	for _, id := range []string{"ab", "z"} {
		if err := w.store.AddNode(t.Context(), store.Node{ID: id, Role: "prober", Vantage: id, PublicKey: "U", CreatedAt: w.now.Load().Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]string{
		"": "a ab z", "sort=-id": "z ab a", "sort=behind": "ab z a", "sort=-behind": "a ab z", "sort=-silent": "z ab a", "sort=role": "z a ab",
		"sort=-version": "a ab z", "state=invited": "z", "role=prober": "z", "sort=-id&limit=2": "z ab",
	} {
		r := w.do(auth.Viewer, "GET", "/api/v1/nodes?"+query, "").want(200).json()
		var got []string
		for _, n := range r["items"].([]any) {
			got = append(got, n.(map[string]any)["id"].(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
		if cursor, ok := r["next_cursor"].(string); ok {
			r = w.do(auth.Viewer, "GET", "/api/v1/nodes?"+query+"&cursor="+url.QueryEscape(cursor), "").want(200).json()
			if items := r["items"].([]any); len(items) != 1 || items[0].(map[string]any)["id"] != "a" {
				t.Errorf("%s goes on with %v", query, items)
			}
		}
	}
	w.do(auth.Viewer, "GET", "/api/v1/nodes?sort=x", "").problem(422, "invalid", "behind")
	if n := w.do(auth.Viewer, "GET", "/api/v1/nodes/z", "").want(200).json(); n["state"] != "invited" || n["silent_for"] != "1h0m0s" || n["last_seen"] != nil {
		t.Errorf("%v", n)
	}
	if n := w.do(auth.Viewer, "GET", "/api/v1/nodes/ab", "").want(200).json(); n["state"] != "heard" || n["invited_at"] == nil {
		t.Errorf("%v", n)
	}
}

func TestRevisionSaysWhichNodesHaveIt(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.do(auth.Operator, "POST", "/api/v1/addresses?comment=first", `{"name":"a","address":"192.0.2.1"}`, "User-Agent", "meridian/test").want(201)
	w.do(auth.Operator, "PATCH", "/api/v1/addresses/a", `{"address":"192.0.2.2"}`).want(200)
	head, err := w.control.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	behind, ahead := head, traffic.Position{Epoch: head.Epoch + 1}
	behind.Revision = 1
	w.live.nodes = []control.Node{node("behind", behind, 0), node("current", head, time.Second), node("lost", behind, time.Minute), node("newer-epoch", ahead, 0)}

	r := w.do(auth.Viewer, "GET", "/api/v1/revisions/2", "").want(200).json()
	got := map[string]bool{}
	for _, n := range r["nodes"].([]any) {
		got[n.(map[string]any)["id"].(string)] = n.(map[string]any)["applied"].(bool)
	}
	if want := map[string]bool{"behind": false, "current": true, "newer-epoch": true}; fmt.Sprint(got) != fmt.Sprint(want) || r["applied"] != 2.0 {
		t.Errorf("applied %v (%v), want %v", got, r["applied"], want)
	}
	if c := fmt.Sprint(r["changes"]); c != "[map[action:update fields:[map[after:192.0.2.2 before:192.0.2.1 field:address]] kind:address name:a]]" {
		t.Errorf("changes %s", c)
	}
	list := w.do(auth.Viewer, "GET", "/api/v1/revisions?limit=1", "").want(200).json()
	if list["items"].([]any)[0].(map[string]any)["number"] != 2.0 || list["next_cursor"] != "2" {
		t.Errorf("first page: %v", list)
	}
	list = w.do(auth.Viewer, "GET", "/api/v1/revisions?limit=1&cursor=2", "").want(200).json()
	first := list["items"].([]any)[0].(map[string]any)
	if first["number"] != 1.0 || first["comment"] != "first" || first["author"] != "operator" || first["source"] != "cli" || list["next_cursor"] != nil {
		t.Errorf("second page: %v", list)
	}
	w.do(auth.Viewer, "GET", "/api/v1/revisions/9", "").problem(404, "not_found")
	w.do(auth.Viewer, "GET", "/api/v1/revisions/x", "").problem(422, "invalid", "number")

	s := w.do(auth.Viewer, "GET", "/api/v1/status", "").want(200).json()
	n := s["nodes"].(map[string]any)
	if n["known"] != 4.0 || n["present"] != 3.0 || n["current"] != 1.0 || s["revision"] != 2.0 || s["objects"].(map[string]any)["address"] != 1.0 {
		t.Errorf("status: %v", s)
	}
	w.do(auth.Viewer, "GET", "/api/v1/nodes/lost", "").want(200)
	w.do(auth.Viewer, "GET", "/api/v1/nodes/never", "").problem(404, "not_found")
	page := w.do(auth.Viewer, "GET", "/api/v1/nodes?limit=2&q=site=hz", "").want(200).json()
	if page["next_cursor"] != "current" || page["total"] != 4.0 {
		t.Errorf("nodes: %v", page)
	}
	page = w.do(auth.Viewer, "GET", "/api/v1/nodes?limit=2&cursor=current", "").want(200).json()
	if len(page["items"].([]any)) != 2 || page["next_cursor"] != nil {
		t.Errorf("nodes, second page: %v", page)
	}
}

func TestHealthAndVantages(t *testing.T) {
	t.Parallel()
	w := start(t)
	task := func(address, state string, stale bool) control.TaskHealth {
		return control.TaskHealth{TaskKey: traffic.TaskKey{Address: address, Template: "web", Port: 80}, State: state, Stale: stale, Since: time.Unix(1, 0),
			Findings: []control.Finding{{Vantage: "v1", Finding: "failed", Reason: "timeout", Latency: traffic.Duration(time.Second), Since: time.Unix(1, 0)}}}
	}
	w.live.tasks = []control.TaskHealth{task("b", "down", false), task("a", "up", true), task("c", "unknown", false)}
	w.live.vantages = []control.Vantage{{ID: "v1", State: "alive", Labels: map[string]string{"country": "CN"}}, {ID: "v2", State: "lost", Reason: "silent"}}
	for q, want := range map[string]int{"": 3, "?state=down": 1, "?state=up&state=down": 2, "?address=a": 1, "?q=B/WEB": 1, "?template=none": 0} {
		if got := w.do(auth.Viewer, "GET", "/api/v1/health"+q, "").want(200).json(); got["total"] != float64(want) {
			t.Errorf("health%s: %v", q, got)
		}
	}
	if got := w.do(auth.Viewer, "GET", "/api/v1/vantages?state=lost", "").want(200).json(); got["total"] != 1.0 {
		t.Errorf("lost vantages: %v", got)
	}
	w.do(auth.Viewer, "GET", "/api/v1/vantages/v1", "").want(200)
	s := w.do(auth.Viewer, "GET", "/api/v1/status", "").want(200).json()
	if fmt.Sprint(s["tasks"]) != "map[down:1 stale:1 unknown:1 up:1]" || fmt.Sprint(s["vantages"]) != "map[alive:1 lost:1]" {
		t.Errorf("status: %v %v", s["tasks"], s["vantages"])
	}
}

func TestExplainPassesTheQuestionOn(t *testing.T) {
	t.Parallel()
	w := start(t)
	got := w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"gtm.example.com","client":"203.0.113.9","down":["hz-1"],"revision":3}`).want(200).json()
	if got["name"] != "gtm.example.com" || w.explain.asked.Revision != 3 || w.explain.asked.Down[0] != "hz-1" {
		t.Errorf("%v %+v", got, w.explain.asked)
	}
	w.do(auth.Viewer, "POST", "/api/v1/explain", `{"client":"203.0.113.9"}`).problem(422, "invalid", `"field":"name"`)
	w.explain.err = fmt.Errorf("look for x: %w", control.ErrNotFound)
	w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"x"}`).problem(404, "not_found")
	w.explain.err = &traffic.Invalid{Problems: []traffic.Problem{{Field: "client", Code: "invalid_value", Message: "is not an address"}}}
	w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"x"}`).problem(422, "invalid", "client")
	w.explain.err = errors.New("secret cause")
	r := w.do(auth.Viewer, "POST", "/api/v1/explain", `{"name":"x"}`).problem(500, "internal")
	if id := r.json()["request_id"].(string); id == "" || !contains(w.log.String(), id) || contains(string(r.body), "secret cause") || !contains(w.log.String(), "secret cause") {
		t.Errorf("an internal error shows an id and hides its cause, which is in the log: %s", r.body)
	}
}

type inviter struct {
	asked   control.Invitation
	by      string
	rotated uint64
}

func (i *inviter) Invite(_ context.Context, in control.Invitation, by string) (control.Invited, error) {
	i.asked, i.by = in, by
	return control.Invited{Node: "n1", Role: in.Role, Token: "mrd1.x"}, nil
}

func (i *inviter) Label(_ context.Context, node string, labels map[string]string) error {
	if node != "n1" {
		return fmt.Errorf("node %s: %w", node, control.ErrNotFound)
	}
	i.asked.Labels = labels
	return nil
}

func (i *inviter) Remove(_ context.Context, node string) (string, error) {
	if node != "n1" {
		return "", fmt.Errorf("node %s: %w", node, control.ErrNotFound)
	}
	return "reload", nil
}

func (i *inviter) NATSConfig(context.Context) (string, error) { return "users = []\n", nil }

func (i *inviter) Keys(context.Context) (control.SigningKeys, error) {
	return control.SigningKeys{Serial: i.rotated, Trusted: []string{"k"}, Rotations: []control.KeyRotation{}}, nil
}

func (i *inviter) RotateKeys(ctx context.Context, _ control.KeyChange, by string) (control.SigningKeys, error) {
	i.rotated, i.by = i.rotated+1, by
	return i.Keys(ctx)
}
