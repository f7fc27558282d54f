package steer

import (
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Grade is the health of an object in one word, computed from the verdicts below it. It
// is apart from availability, which overrides and manual modes decide as well: a pool
// that is drained may be in the best of health.
type Grade string

// The grades.
const (
	GradeOK          Grade = "ok"
	GradeAlert       Grade = "ok_alert"    // in service, and something below it is not well
	GradeExceptional Grade = "exceptional" // its judgement does not hold; for an access domain: no pool is available
	GradeUnknown     Grade = "unknown"     // nothing below it has been judged yet
	GradeUnmonitored Grade = "unmonitored" // no health task below it, so it counts as healthy
	GradeDisabled    Grade = "disabled"
)

// Grades lists them, the worst first.
var Grades = []Grade{GradeExceptional, GradeAlert, GradeUnknown, GradeUnmonitored, GradeOK, GradeDisabled}

// graded is what the engine remembers of one object.
func (e *Engine) graded(k traffic.Key, f func() Grade) Grade {
	if g, ok := e.grades[k]; ok {
		return g
	}
	g := f()
	if e.grades == nil {
		e.grades = map[traffic.Key]Grade{}
	}
	e.grades[k] = g
	return g
}

// AddressGrade grades an address by its health tasks; one that names a hosted access
// domain and has no task of its own is as well as that.
func (e *Engine) AddressGrade(name string) Grade {
	return e.graded(traffic.Key{Kind: traffic.KindAddress, Name: name}, func() Grade {
		a := e.Config.Address(name)
		if a == nil || !a.Enabled {
			return GradeDisabled
		}
		total, ok, unknown, stale := 0, 0, 0, 0
		e.EachTask(a, func(k traffic.TaskKey) {
			v := e.Verdict(k)
			total++
			switch {
			case v.State != verdict.Unknown:
				if v.Available() {
					ok++
				}
				if v.Stale {
					stale++
				}
			default:
				unknown++
				ok++
			}
		})
		hosted, isHosted := true, false
		if a.Family() == traffic.Domain {
			hosted, isHosted = e.hosted(a.Address)
		}
		switch {
		case isHosted && !hosted, total > 0 && !a.Judgement.Holds(ok, total):
			return GradeExceptional
		case total == 0 && isHosted:
			return GradeOK
		case total == 0:
			return GradeUnmonitored
		case unknown == total:
			return GradeUnknown
		case ok < total || stale > 0:
			return GradeAlert
		}
		return GradeOK
	})
}

// PoolGrade grades a pool by its judgement over its enabled addresses.
func (e *Engine) PoolGrade(name string) Grade {
	return e.graded(traffic.Key{Kind: traffic.KindPool, Name: name}, func() Grade {
		p := e.Config.Pool(name)
		if p == nil || !p.Enabled {
			return GradeDisabled
		}
		s := e.Pool(name)
		if !p.Judgement.Holds(s.OK, s.Total) {
			return GradeExceptional
		}
		if s.OK < s.Total {
			return GradeAlert
		}
		var below []Grade
		for i := range p.Members {
			if p.Members[i].Enabled {
				below = append(below, e.AddressGrade(p.Members[i].Address))
			}
		}
		return worst(below)
	})
}

// DomainGrade grades an access domain: exceptional when no pool is available.
func (e *Engine) DomainGrade(d *traffic.AccessDomain) Grade {
	switch {
	case !d.Enabled:
		return GradeDisabled
	case !e.Domain(d):
		return GradeExceptional
	}
	o := e.over(d)
	var few [8]Grade
	below := few[:0]
	for i := range d.Pools {
		if !d.Pools[i].Enabled {
			continue
		}
		s, g := e.poolIn(d.Pools[i].Pool, o), e.PoolGrade(d.Pools[i].Pool)
		if s.Enabled && !s.Available || g == GradeExceptional {
			g = GradeAlert
		}
		below = append(below, g)
	}
	return worst(below)
}

// TemplateGrade grades a template by the tasks that use it: exceptional when all that
// were judged are down.
func (e *Engine) TemplateGrade(t *traffic.Template, users []*traffic.Address) Grade {
	if !t.Enabled {
		return GradeDisabled
	}
	up, down, unknown, stale := 0, 0, 0, 0
	for _, a := range users {
		if !a.Enabled {
			continue
		}
		e.EachTask(a, func(k traffic.TaskKey) {
			if k.Template != t.Name {
				return
			}
			switch v := e.Verdict(k); {
			case v.State == verdict.Unknown:
				unknown++
			case v.Available():
				up++
			default:
				down++
			}
			if e.Verdict(k).Stale {
				stale++
			}
		})
	}
	switch {
	case up+down+unknown == 0:
		return GradeUnmonitored
	case up+down == 0:
		return GradeUnknown
	case up == 0 && unknown == 0:
		return GradeExceptional
	case down > 0 || stale > 0:
		return GradeAlert
	}
	return GradeOK
}

// worst is the grade of a whole whose parts are these: alarmed by any, unknown or
// unmonitored only when nothing speaks for it.
func worst(parts []Grade) Grade {
	var well, unknown, unmonitored bool
	for _, g := range parts {
		switch g {
		case GradeAlert, GradeExceptional:
			return GradeAlert
		case GradeOK:
			well = true
		case GradeUnknown:
			unknown = true
		case GradeUnmonitored:
			unmonitored = true
		}
	}
	switch {
	case well:
		return GradeOK
	case unknown:
		return GradeUnknown
	case unmonitored:
		return GradeUnmonitored
	}
	return GradeOK
}

// EachTask calls f with every task of an address that counts.
func (e *Engine) EachTask(a *traffic.Address, f func(traffic.TaskKey)) {
	for _, t := range a.Tasks {
		if tpl := e.Config.Template(t.Template); t.Enabled && tpl != nil && tpl.Enabled {
			f(traffic.TaskKey{Address: a.Name, Template: t.Template, Port: t.EffectivePort(tpl.Protocol)})
		}
	}
}
