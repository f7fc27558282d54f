package control

import (
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Judged is the computed state of an object, by the engine that answers.
type Judged struct {
	Health    steer.Grade
	Available bool
	State     said.Said // why; zero for templates and access domains
}

// Judging lists the kinds that have a computed state.
var Judging = []traffic.Kind{traffic.KindTemplate, traffic.KindAddress, traffic.KindPool, traffic.KindAccessDomain}

// Judge returns a judge of objects by one moment of health. It remembers what it has
// judged, and is for one goroutine while the model stands still.
func Judge(m *traffic.Model, h steer.Health) func(traffic.Object) Judged {
	e := &steer.Engine{Config: m, Verdict: h.Verdict, Current: h.Current}
	return func(o traffic.Object) Judged {
		switch v := o.(type) {
		case *traffic.Address:
			s := e.Address(v.Name)
			return Judged{e.AddressGrade(v.Name), s.Available, s.Reason}
		case *traffic.Pool:
			s := e.Pool(v.Name)
			return Judged{e.PoolGrade(v.Name), s.Available, s.Reason}
		case *traffic.AccessDomain:
			return Judged{Health: e.DomainGrade(v), Available: v.Enabled && e.Domain(v)}
		case *traffic.Template:
			var users []*traffic.Address
			m.EachUser(v.Key(), func(k traffic.Key) {
				if a, ok := m.Get(k).(*traffic.Address); ok {
					users = append(users, a)
				}
			})
			g := e.TemplateGrade(v, users)
			return Judged{Health: g, Available: g != steer.GradeExceptional && g != steer.GradeDisabled}
		}
		return Judged{}
	}
}
