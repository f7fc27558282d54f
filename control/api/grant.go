package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
)

// Granting is how a body says what somebody shall be allowed: one role, or a list.
type Granting struct {
	Role   string            `json:"role,omitempty" enum:"admin,operator,viewer" doc:"viewer reads, operator also changes the configuration, admin also handles users, tokens and nodes."`
	Labels map[string]string `json:"labels,omitempty" doc:"With the role operator: only objects that carry all of these labels."`
	Grants []auth.Grant      `json:"grants,omitempty" doc:"In place of role and labels, for more than one."`
}

// grants reads them. Nobody hands on more than they have.
func (in Granting) grants(maker auth.Principal) (auth.Grants, error) {
	gs, err := in.read()
	if err == nil && !maker.Grants.Cover(gs) {
		err = problem(http.StatusForbidden, "forbidden", fmt.Sprintf("%q has %s and cannot hand on %s.", maker.Name, maker.Grants, gs))
	}
	return gs, err
}

// given tells whether the body says anything about grants.
func (in Granting) given() bool { return in.Role != "" || in.Labels != nil || in.Grants != nil }

func (in Granting) read() (auth.Grants, error) {
	gs := auth.Grants(in.Grants)
	switch {
	case !in.given():
		return nil, invalidField("role", "required", "is missing; use admin, operator, viewer")
	case gs == nil:
		g := auth.Grant{Role: auth.Role(in.Role), Labels: in.Labels}
		if err := g.Check(); err != nil {
			return nil, invalidField("role", "invalid_value", err.Error())
		}
		return auth.Grants{g}, nil
	case in.Role != "" || in.Labels != nil:
		return nil, invalidField("grants", "invalid_value", "stands beside role or labels; give one of both")
	}
	if err := gs.Check(); err != nil {
		return nil, invalidField("grants", "invalid_value", err.Error())
	}
	return gs, nil
}

// Granted is what somebody is allowed.
type Granted struct {
	Role   auth.Role   `json:"role" doc:"The highest one; empty for somebody who may do nothing."`
	Grants auth.Grants `json:"grants" doc:"All of it; a grant with labels reaches only objects that carry them."`
}

func grantsOf(gs auth.Grants) Granted {
	if gs == nil {
		gs = auth.Grants{}
	}
	return Granted{Role: gs.Role(), Grants: gs}
}

// needText is what the document says about who may call a route.
func (r *route) needText() string {
	switch {
	case r.open:
		return "Needs no credential."
	case r.need == "":
		return "Needs any valid credential."
	case r.needs != "":
		return r.needs
	case r.scoped:
		return "Needs the role " + string(r.need) + " on every object that it writes."
	}
	return "Needs the role " + string(r.need) + "."
}

// admit refuses those who have not got the role that a route needs.
func (r *route) admit(who auth.Principal) error {
	switch {
	case r.open, r.need == "":
		return nil
	case who.Grants.Whole(r.need), r.scoped && who.Grants.Some(r.need):
		return nil
	case who.Grants.Some(r.need):
		return problem(http.StatusForbidden, "forbidden",
			fmt.Sprintf("This needs the role %s on everything; %q has only %s.", r.need, who.Name, who.Grants))
	}
	have := "no role"
	if role := who.Grants.Role(); role != "" {
		have = "the role " + string(role)
	}
	return problem(http.StatusForbidden, "forbidden", fmt.Sprintf("This needs the role %s; %q has %s.", r.need, who.Name, have))
}

// permit is what a principal may write, for the change sets of its requests.
func permit(who auth.Principal) control.Permit {
	if who.Grants.Whole(auth.Operator) {
		return nil
	}
	return func(labels map[string]string) bool { return who.Grants.On(auth.Operator, labels) }
}

// refusal says to a caller which object is out of reach, and of which grants.
func refusal(who auth.Principal, err error) error {
	var d *control.Denied
	if !errors.As(err, &d) {
		return err
	}
	have := "none"
	if len(d.Labels) > 0 {
		have = auth.Grant{Labels: d.Labels}.Selector()
	}
	if d.Key.Kind == traffic.KindSettings {
		have = "shared by all"
	}
	what := noun(d.Key.Kind) + " " + d.Key.Name
	if d.For.Kind != "" {
		what += ", to which " + string(d.For.Kind) + " " + d.For.Name + " belongs,"
	}
	p := problem(http.StatusForbidden, "forbidden", fmt.Sprintf("%s is out of reach of %q: its labels are %s, the grants are %s. Nothing was changed.", what, who.Name, have, who.Grants))
	text := fmt.Sprintf("are %s, which %q may not write with the grants %s", have, who.Name, who.Grants)
	p.Errors = []traffic.Problem{{Kind: d.Key.Kind, Name: d.Key.Name, Field: "labels", Code: "forbidden", Message: text}}
	return p
}

// mark is the route's role for programs that read the document.
func (r *route) mark() string {
	switch {
	case r.open:
		return "none"
	case r.need == "":
		return "any"
	}
	return string(r.need)
}
