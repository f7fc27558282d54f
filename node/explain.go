package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/resolve"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/querylog"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// explainSubject is where a node answers questions about itself.
func explainSubject(id string) string { return "explain." + id }

// explainWait bounds a question to another node. The answer takes milliseconds.
const explainWait = 3 * time.Second

// explainReply is what travels back: an explanation or what was wrong.
type explainReply struct {
	V           int                `json:"v"`
	Explanation *steer.Explanation `json:"explanation,omitempty"`
	Question    string             `json:"question,omitempty"` // what is wrong with the question
}

// answerExplain answers questions from control about this node's own view.
func (n *node) answerExplain(ctx context.Context) error {
	cancel, err := n.bus.Reply(explainSubject(n.o.ID), func(data []byte) []byte {
		var q steer.Question
		r := explainReply{V: 1}
		if err := json.Unmarshal(data, &q); err != nil {
			r.Question = err.Error()
		} else if x, err := n.explainHere(q); err != nil {
			r.Question = err.Error()
		} else {
			r.Explanation = &x
		}
		b, err := json.Marshal(r)
		if err != nil {
			n.log.Error("encode explanation", "error", err)
			return nil
		}
		return b
	})
	if err != nil {
		return err
	}
	defer cancel()
	<-ctx.Done()
	return nil
}

func (n *node) explainHere(q steer.Question) (steer.Explanation, error) {
	x, err := n.state.Explain(q)
	x.Node = n.o.ID
	return x, err
}

// explainer answers the API.
type explainer struct{ n *node }

var _ control.Explainer = explainer{}

func questionOf(r control.ExplainRequest) steer.Question {
	return steer.Question{Name: r.Name, Type: r.Type, Client: r.Client, Resolver: r.Resolver, Line: r.Line, Down: r.Down}
}

func (e explainer) Explain(ctx context.Context, r control.ExplainRequest) (steer.Explanation, error) {
	q := questionOf(r)
	switch {
	case r.Revision != 0:
		return e.past(ctx, r.Revision, q)
	case r.Node == "" || r.Node == e.n.o.ID:
		x, err := e.n.explainHere(q)
		return x, asInvalid(err)
	}
	return e.remote(ctx, r.Node, q)
}

// remote asks another node, so that what is shown is what that node would answer.
func (e explainer) remote(ctx context.Context, node string, q steer.Question) (steer.Explanation, error) {
	none := steer.Explanation{}
	b, err := json.Marshal(q)
	if err != nil {
		return none, fmt.Errorf("encode question: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, explainWait)
	defer cancel()
	answer, err := e.n.bus.Request(ctx, explainSubject(node), b)
	if err != nil {
		for _, h := range e.n.control.roster.Nodes() {
			if h.ID == node {
				return none, &control.QueryError{Param: "node", Text: fmt.Sprintf("%s does not answer; it was last heard %s ago", node, time.Since(h.LastSeen).Round(time.Second))}
			}
		}
		return none, noNode(node, control.ErrNotFound)
	}
	var r explainReply
	if err := json.Unmarshal(answer, &r); err != nil {
		return none, fmt.Errorf("explanation of node %q: %w", node, err)
	}
	if r.Explanation == nil {
		return none, invalid(r.Question)
	}
	return *r.Explanation, nil
}

// AskQueries implements control.QueryAsker.
func (e explainer) AskQueries(ctx context.Context, node string, a querylog.Ask) (querylog.Answer, error) {
	b, err := e.n.bus.Request(ctx, queriesSubject(node), querylog.Encode(a))
	if err != nil {
		return querylog.Answer{}, noNode(node, control.ErrNotFound)
	}
	return querylog.DecodeAnswer(node, b)
}

func noNode(id string, err error) error {
	return &control.ObjectError{Key: traffic.Key{Kind: "node", Name: id}, Err: err}
}

// past explains an earlier revision with today's health and location data.
func (e explainer) past(ctx context.Context, revision uint64, q steer.Question) (steer.Explanation, error) {
	changes, pos, err := e.n.control.service.At(ctx, revision)
	if err != nil {
		return steer.Explanation{}, err
	}
	s, err := e.compile(pos, changes)
	if err != nil {
		return steer.Explanation{}, fmt.Errorf("compile revision %d: %w", revision, err)
	}
	x, err := s.Explain(q)
	return x, asInvalid(err)
}

// compile makes a configuration ready to be asked, aside from the one in force.
func (e explainer) compile(pos traffic.Position, config []traffic.Change) (*resolve.State, error) {
	// Not loadMap: it would make an old map the one that this node keeps on disk.
	inForce := func(string) (*line.Map, error) { return e.n.state.Map(), nil }
	s := resolve.NewState(resolve.Options{Workers: 1, Verdict: e.n.view.Verdict, Currents: frozen{e.n.currents}, Map: inForce, Log: e.n.log})
	return s, s.Apply(pos, true, config)
}

func (e explainer) ExplainIn(_ context.Context, at traffic.Position, config []traffic.Change, list []control.ExplainRequest) ([]control.Explained, error) {
	s, err := e.compile(at, config)
	if err != nil {
		return nil, fmt.Errorf("compile a draft: %w", err)
	}
	out := make([]control.Explained, len(list))
	for i, r := range list {
		x, err := s.Explain(questionOf(r))
		x.Node = e.n.o.ID
		out[i] = control.Explained{Explanation: x, Err: asInvalid(err)}
	}
	return out, nil
}

// frozen lets a question about the past see the current members and move none.
type frozen struct{ c resolve.Currents }

func (f frozen) Get(k traffic.Key) (traffic.Current, bool)    { return f.c.Get(k) }
func (f frozen) Move(k traffic.Key, _ string) traffic.Current { c, _ := f.c.Get(k); return c }

// asInvalid turns a bad question into the error that the API shows as the caller's.
func asInvalid(err error) error {
	if err == nil || !errors.Is(err, resolve.ErrQuestion) {
		return err
	}
	return invalid(err.Error())
}

func invalid(text string) error {
	return &traffic.Invalid{Problems: []traffic.Problem{{Code: "invalid_question", Message: text}}}
}
