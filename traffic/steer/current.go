package steer

import "github.com/meridian-gtm/meridian/traffic"

// CurrentPool returns the pool that a non-preemptive access domain is on now: the
// stored current one while it stays, else the next by the same rule. It is "" for
// any other policy and while no pool is available, when nothing moves.
func (e *Engine) CurrentPool(d *traffic.AccessDomain) string {
	if d.Policy != traffic.Sequential || d.Mode != traffic.NonPreemptive {
		return ""
	}
	return first(e.choose(&d.Steering, d.Key(), e.poolCandidates(d), Client{}, false))
}

// CurrentAddress returns the address that a non-preemptive pool is on now, like
// CurrentPool.
func (e *Engine) CurrentAddress(p *traffic.Pool) string {
	if p.Policy != traffic.Sequential || p.Mode != traffic.NonPreemptive {
		return ""
	}
	return first(e.choose(&p.Steering, p.Key(), e.addressCandidates(p, e.Pool(p.Name).Forced), Client{}, false))
}

func first(ch choice) string {
	if len(ch.taken) == 0 {
		return ""
	}
	return ch.taken[0].name
}
