package api

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// overrideRequest asks for an override.
type overrideRequest struct {
	Action   string           `json:"action" enum:"drain,enable" doc:"drain: withdrawn, out of answers and of the last resort; enable: counts as available whatever health says."`
	Target   string           `json:"target,omitempty" doc:"address/NAME, pool/NAME, access-domain/NAME/TYPE, an id, or a name where it is unique."`
	Selector string           `json:"selector,omitempty" doc:"In place of target: all addresses and pools with these labels, like site=hz,tier=web."`
	For      traffic.Duration `json:"for,omitempty" doc:"How long, like 2h; absent: until it is cleared."`
	Reason   string           `json:"reason,omitempty" doc:"Why, for people." maxLength:"1024"`
}

// overridePatch changes one; what is absent stays.
type overridePatch struct {
	For    *traffic.Duration `json:"for,omitempty" doc:"How long from now on; 0s: until it is cleared."`
	Reason *string           `json:"reason,omitempty" maxLength:"1024"`
}

type failbackRequest struct {
	Target string `json:"target" doc:"A pool or an access domain with a sequential, non_preemptive policy: pool/NAME, NAME/TYPE, an id, or a name where it is unique." minLength:"1"`
}

func (s *server) overrideRoutes() {
	const tag = "Overrides"
	one, done := s.schemaOf(reflect.TypeFor[control.OverrideState]()), s.schemaOf(reflect.TypeFor[control.OverrideResult]())
	s.route(route{method: "GET", path: "/overrides", id: "listOverrides", summary: "List overrides, and how far each has come", tag: tag, need: auth.Viewer,
		params: append([]*huma.Param{
			query("q", huma.TypeString, "Text in id, target, selector, author or reason, any case."), query("action", huma.TypeString, "drain or enable."),
			query("target", huma.TypeString, "Only those that name it, written as for a new one."), query("selector", huma.TypeString, "Only those with this selector."),
			query("author", huma.TypeString, "Only those of this author."), query("state", huma.TypeString, "spreading, draining, drained, settling, in_force, ended or unknown.")}, pageParams...),
		answer: s.listOf("OverrideList", one), handle: s.overrides})
	s.route(route{method: "POST", path: "/overrides", id: "createOverride", summary: "Drain or enable something, above configuration and health", tag: tag, need: auth.Operator, scoped: true,
		params: overrideParams, body: s.schemaOf(reflect.TypeFor[overrideRequest]()), status: http.StatusCreated, also: http.StatusOK, answer: done, handle: s.createOverride})
	s.route(route{method: "GET", path: "/overrides/{id}", id: "getOverride", summary: "Read an override, and how far it has come", tag: tag, need: auth.Viewer, answer: one,
		handle: func(c *call) (answer, error) {
			list, err := s.control.Overrides(c.Context(), s.Live.Nodes())
			if err != nil {
				return answer{}, err
			}
			for i, o := range list {
				if o.ID == c.PathValue("id") {
					s.control.CountReached(list[i : i+1])
					return answer{body: list[i], etag: etag(o.Version)}, nil
				}
			}
			return answer{}, &control.ObjectError{Key: traffic.Key{Kind: traffic.KindOverride, Name: c.PathValue("id")}, Err: control.ErrNotFound}
		}})
	s.route(route{method: "PATCH", path: "/overrides/{id}", id: "changeOverride", summary: "Extend or shorten an override, or say another reason", tag: tag, need: auth.Operator, scoped: true,
		params: overrideParams, body: s.schemaOf(reflect.TypeFor[overridePatch]()), bodyType: mergeType, answer: done, handle: s.patchOverride})
	s.route(route{method: "DELETE", path: "/overrides/{id}", id: "clearOverride", summary: "Clear an override", tag: tag, need: auth.Operator, scoped: true,
		params: overrideParams, answer: done, handle: s.clearOverride})
	s.route(route{method: "POST", path: "/failback", id: "failback", summary: "Let a non-preemptive policy choose its current member anew", tag: tag, need: auth.Operator, scoped: true,
		params: []*huma.Param{writeParams[0], query("comment", huma.TypeString, "Why; kept with the event."), writeParams[4]},
		body:   s.schemaOf(reflect.TypeFor[failbackRequest]()), answer: s.schemaOf(reflect.TypeFor[control.FailbackResult]()), handle: s.failback})
}

// overrideParams are those of writes but for If-None-Match: ids are given by the server.
var overrideParams = []*huma.Param{
	query("dry_run", huma.TypeBoolean, "Answer what the write would do, and change nothing."), writeParams[1], writeParams[2], writeParams[4],
}

func (s *server) overrides(c *call) (answer, error) {
	list, err := s.control.Overrides(c.Context(), s.Live.Nodes())
	if err != nil {
		return answer{}, err
	}
	s.control.CountReached(list)
	has, action, author, state := contains(c), wants(c, "action"), wants(c, "author"), wants(c, "state")
	targets, selectors := c.URL.Query()["target"], c.URL.Query()["selector"]
	for i, t := range targets { // as one would write it, and what is gone as it is shown
		k, err := s.control.Target(t)
		if errors.Is(err, control.ErrAmbiguous) {
			return answer{}, err
		}
		if err == nil {
			targets[i] = traffic.TargetOf(k)
		}
	}
	for i, sel := range selectors {
		o := traffic.Override{Selector: sel}
		o.Normalize()
		selectors[i] = o.Selector
	}
	return filtered(c, list, func(o control.OverrideState) string { return o.ID }, func(o control.OverrideState) bool {
		return action(string(o.Action)) && author(o.Author) && state(o.State) && has(o.ID, o.Target, o.Selector, o.Author, o.Reason) &&
			(targets == nil || slices.Contains(targets, o.Target)) && (selectors == nil || slices.Contains(selectors, o.Selector))
	})
}

func (s *server) createOverride(c *call) (answer, error) {
	if c.Header.Get("If-Match") != "" {
		return answer{}, invalidField("If-Match", "invalid_parameter", "has no meaning for a new override; leave it out")
	}
	in, cs, dry, err := overrideBody[overrideRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	if in.For < 0 {
		return answer{}, invalidField("for", "out_of_range", "must be positive; leave it out for no end")
	}
	r, err := s.control.Override(c.Context(), control.OverrideWish{Action: traffic.Action(in.Action), Target: in.Target, Selector: in.Selector, Reason: in.Reason, For: time.Duration(in.For)}, cs, dry, s.moment())
	a, err := overrideAnswer(c, r, err)
	if err == nil && !dry && r.Override != nil {
		a.status, a.location = http.StatusCreated, "/api/v1/overrides/"+url.PathEscape(r.Override.ID)
	} else {
		a.status = http.StatusOK
	}
	return a, err
}

func (s *server) patchOverride(c *call) (answer, error) {
	in, cs, dry, err := overrideBody[overridePatch](s, c)
	if err != nil {
		return answer{}, err
	}
	if in.For != nil && *in.For < 0 {
		return answer{}, invalidField("for", "out_of_range", "must be positive, or 0s for no end")
	}
	id := c.PathValue("id")
	if cs.If, err = conditions(c, traffic.Key{Kind: traffic.KindOverride, Name: id}); err != nil {
		return answer{}, err
	}
	r, err := s.control.EditOverride(c.Context(), id, control.OverrideEdit{Reason: in.Reason, For: (*time.Duration)(in.For)}, cs, dry, s.moment())
	return overrideAnswer(c, r, err)
}

func (s *server) clearOverride(c *call) (answer, error) {
	var cs control.ChangeSet
	dry, err := s.fill(c, nil, &cs)
	if err != nil {
		return answer{}, err
	}
	id := c.PathValue("id")
	if cs.If, err = conditions(c, traffic.Key{Kind: traffic.KindOverride, Name: id}); err != nil {
		return answer{}, err
	}
	r, err := s.control.ClearOverride(c.Context(), id, cs, dry, s.moment())
	return overrideAnswer(c, r, err)
}

// overrideBody reads a body and what else a write is made of.
func overrideBody[T any](s *server, c *call) (in T, cs control.ChangeSet, dry bool, err error) {
	in, raw, err := decodeRaw[T](s, c)
	if err == nil {
		dry, err = s.fill(c, raw, &cs)
	}
	return in, cs, dry, err
}

func overrideAnswer(c *call, r control.OverrideResult, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	c.deed.committed(control.Result{Revision: r.Revision, Plan: r.Plan, Replayed: r.Replayed})
	a := answer{body: r}
	if r.Override != nil && !r.DryRun {
		a.etag = etag(r.Override.Version)
	}
	return a, nil
}

func (s *server) failback(c *call) (answer, error) {
	in, cs, dry, err := overrideBody[failbackRequest](s, c)
	if err != nil {
		return answer{}, err
	}
	r, err := s.control.Failback(c.Context(), in.Target, cs, dry, s.moment(), s.Failback)
	return answer{body: r}, err
}

// targetProblem says what a target may be.
func targetProblem(e *control.TargetError) *Problem {
	if len(e.Choices) == 0 {
		return problem(http.StatusNotFound, "not_found", fmt.Sprintf("%q names no address, pool or access domain; write address/NAME, pool/NAME or NAME/TYPE.", e.Text))
	}
	return problem(http.StatusConflict, "ambiguous", fmt.Sprintf("%q stands for several things; write %s.", e.Text, strings.Join(e.Choices, " or ")))
}

func failbackProblem(e *control.NotNonPreemptive) *Problem {
	policy := string(e.Policy)
	if e.Mode != "" {
		policy += " " + e.Mode
	}
	if e.Policy == "" {
		return problem(http.StatusConflict, "wrong_policy", noun(e.Key.Kind)+" "+e.Key.Name+" has no policy; a failback is for pools and access domains with the policy sequential, mode non_preemptive.")
	}
	return problem(http.StatusConflict, "wrong_policy",
		fmt.Sprintf("%s %s has the policy %s, which returns by itself; a failback is for the policy sequential, mode non_preemptive.", noun(e.Key.Kind), e.Key.Name, policy))
}

// overrideOf returns what to show of the override that decides about an object.
func (s *server) overrideOf(o traffic.Object) (out *steer.Ordered) {
	var labels map[string]string
	switch v := o.(type) {
	case *traffic.Address:
		labels = v.Labels
	case *traffic.Pool:
		labels = v.Labels
	case *traffic.AccessDomain:
	default:
		return nil
	}
	s.control.View(func(m *traffic.Model, _ traffic.Position) { out = steer.OrderedBy(m.Override(o.Key(), labels, nil)) })
	return out
}
