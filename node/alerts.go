package node

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/alert/watch"
	"github.com/meridian-gtm/meridian/control/geo"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/health/view"
	"github.com/meridian-gtm/meridian/traffic"
)

const (
	// plantEvery is how often nodes, vantages and files are looked at.
	plantEvery = 2 * time.Second
	// healthAnew is how often health is looked at though nothing is known to have changed:
	// what clients get instead may have.
	healthAnew = 30 * time.Second
	// healthRest is how many times as long as a look took passes before the next one, so
	// that looking costs a small part of a core whatever the size.
	healthRest = 4
	// busRest is how long after a break of the bus nodes and vantages are not judged:
	// they are heard again in that time.
	busRest = 45 * time.Second
	// trafficEvery is how often queries are compared; their counts are by the minute.
	trafficEvery = time.Minute
	// trafficLag is how late counts may come: resolvers send every 10 s.
	trafficLag = 30 * time.Second
	// trafficNames bounds the names that are compared, those with the most queries.
	trafficNames = 1000
)

// alerts watches for what is wrong, on the control process that leads.
type alerts struct {
	n       *node
	service *alert.Service
	wake    chan struct{} // a verdict has changed

	// Of the loop that looks at the plant.
	away      time.Time // when the bus was last seen away
	heldSince time.Time // since when some verdicts hold; zero: none do
	missing   missing
}

// startAlerts makes the service that the API stands on and begins to watch.
func (n *node) startAlerts() {
	c := n.control
	c.sender = send.New(n.o.AlertAllow)
	c.alerts = alert.New(alert.Options{Store: c.store, Send: c.sender.Send, Publish: func(data any) { c.service.Stream.Publish("alert", data) }, Incident: n.incidentOf, Log: n.log})
	a := &alerts{n: n, service: c.alerts, wake: make(chan struct{}, 1)}
	n.view.OnEvent(func([]view.Event) {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	})
	n.run("alert watch", c.alerts.Watch)
	n.lead("alerts", c.alerts.Run)
	n.lead("alerts of health", a.watchHealth)
	n.lead("alerts of the plant", a.watchPlant)
	n.lead("alerts of traffic", a.watchTraffic)
}

// incidentOf asks history for the incident of an alert.
func (n *node) incidentOf(ctx context.Context, k alert.Key, since time.Time) uint64 {
	f := history.TransitionFilter{Subject: k.Object, From: since.Add(-alike), Limit: 1}
	switch k.Kind {
	case alert.OfAddress:
		f.Subject, f.Address = "", k.Object
	case alert.OfPool:
		f.Kind = history.OfPool
	default:
		f.Kind = history.OfDomain
	}
	look, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	list, err := n.control.history.Transitions(look, f)
	if err != nil || len(list) == 0 {
		return 0
	}
	return list[0].Incident
}

func (a *alerts) own(domain string) bool {
	_, ok := a.service.Current().Overrides[domain]
	return ok
}

// watchHealth looks at addresses, pools and access domains whenever a verdict or the
// configuration has changed.
func (a *alerts) watchHealth(ctx context.Context) error {
	n := a.n
	if n.view.Wait(ctx); ctx.Err() != nil {
		return nil
	}
	a.service.Observe(ctx, nil, nil) // taken when it knows what lasts
	var last struct {
		at     traffic.Position
		digest string
		time   time.Time
		rules  string
	}
	for {
		changed := n.control.service.Changed()
		pos, err := n.control.service.Head(ctx)
		digest, rules := n.view.Digest(), a.service.Current().Own()
		took := time.Duration(0)
		// Without any vantage heard everything counts as available, which is no recovery.
		if err == nil && !n.view.Cold() && (pos != last.at || digest != last.digest || rules != last.rules || time.Since(last.time) >= healthAnew) {
			began := time.Now()
			m := watch.Moment{Health: n.moment(), Findings: func(k traffic.TaskKey) []control.Finding { return toFindings(n.view.Findings(k)) }, Lasting: a.service.Lasting()}
			if rules != "" {
				m.Own = a.own
			}
			var list []alert.Condition
			n.control.service.View(func(model *traffic.Model, _ traffic.Position) {
				m.Model = model
				list = watch.Health(m)
			})
			took = time.Since(began)
			a.service.Observe(ctx, watch.HealthEvents, list)
			last.at, last.digest, last.rules, last.time = pos, digest, rules, began
		}
		if !pause(ctx, max(took*healthRest, 20*time.Millisecond)) {
			return nil
		}
		t := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
		case <-a.wake:
		case <-changed:
		case <-t.C: // the digest shows what no event told
		}
		t.Stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// watchPlant looks at nodes, vantages, certificates and files.
func (a *alerts) watchPlant(ctx context.Context) error {
	// A node that lives says so within some seconds; one that does not is missed from then.
	if !pause(ctx, plantEvery) {
		return nil
	}
	a.heldSince, a.away = time.Time{}, time.Time{}
	for {
		if p, ok := a.plant(ctx); ok {
			a.service.Observe(ctx, watch.PlantEvents, p.Conditions())
		}
		if !pause(ctx, plantEvery) {
			return nil
		}
	}
}

// plant is the state of now; ok is false while this process cannot know it.
func (a *alerts) plant(ctx context.Context) (p *watch.Plant, ok bool) {
	n, now := a.n, time.Now()
	if !n.bus.Connected() {
		a.away = now
	}
	if !a.away.IsZero() && now.Sub(a.away) < busRest {
		return nil, false
	}
	set := a.service.Current().Settings.Thresholds
	p = &watch.Plant{Now: now, Limits: set, Nodes: live{n}.Nodes(), Vantages: live{n}.Vantages(), Tasks: live{n}.Tasks(), History: n.control.history.Alarm(), GeoAge: -1}
	invited, err := n.control.store.Nodes(ctx)
	if err != nil {
		return nil, false
	}
	p.Nodes = a.stillThere(p.Nodes, invited, now)
	// Until the vantages that were heard before have had time to say so, their silence is
	// that of this process's own beginning.
	if now.Sub(n.started) < time.Duration(set.DataStale) {
		p.Vantages = slices.DeleteFunc(p.Vantages, func(v control.Vantage) bool { return v.State == "lost" })
	}
	if slices.ContainsFunc(p.Tasks, func(t control.TaskHealth) bool { return t.Stale }) {
		if a.heldSince.IsZero() {
			a.heldSince = now
		}
		p.HeldFor = now.Sub(a.heldSince)
	} else {
		a.heldSince = time.Time{}
	}
	p.StatsMissing = a.missing.is()
	if p.History != "" {
		p.Told = append(p.Told, p.History)
	}
	if r, err := geo.ReadReport(n.o.Geo); err == nil {
		if age, ok := geo.Age(r.About, now); ok {
			p.GeoAge, p.GeoAsked = age, now.Sub(r.Checked)
		}
	}
	return p, true
}

// stillThere adds nodes that an alert says are gone and that are not heard since this
// process began either: that they are not in the list is no recovery. Of others that were
// invited nobody knows whether they have ever been set up.
func (a *alerts) stillThere(heard []control.Node, invited []store.Node, now time.Time) []control.Node {
	known := map[string]bool{}
	for _, h := range heard {
		known[h.ID] = true
	}
	active := map[string]bool{}
	for k := range a.service.Lasting() {
		if k.Event == alert.NodeGone {
			active[k.Object] = true
		}
	}
	for _, i := range invited {
		if !known[i.ID] && active[i.ID] {
			heard = append(heard, control.Node{NodeStatus: traffic.NodeStatus{ID: i.ID}, State: "silent", LastSeen: a.n.started, Silent: traffic.Duration(max(now.Sub(a.n.started), 365*24*time.Hour))})
		}
	}
	return heard
}

// watchTraffic compares the queries of access domains with their recent past.
func (a *alerts) watchTraffic(ctx context.Context) error {
	// On a round minute and the lag: counts are written by the minute.
	first := time.Until(time.Now().Truncate(trafficEvery).Add(trafficEvery + trafficLag))
	if !pause(ctx, first) {
		return nil
	}
	for {
		list, err := a.traffic(ctx)
		switch {
		case errors.Is(err, errNoCounts):
		case err != nil && ctx.Err() == nil:
			a.n.log.Debug("queries are not compared", "error", err)
		default:
			a.service.Observe(ctx, watch.TrafficEvents, list)
		}
		if !pause(ctx, trafficEvery) {
			return nil
		}
	}
}

var errNoCounts = errors.New("no counts of the last minutes are complete")

func (a *alerts) traffic(ctx context.Context) ([]alert.Condition, error) {
	h := a.n.control.history
	now := time.Now()
	until := now.Add(-trafficLag).Truncate(time.Minute)
	q := history.CountQuery{GroupBy: []string{history.ByName, history.ByType}, Where: map[string]string{}, From: until.Add(-watch.Before - watch.Lately), Until: until, Step: time.Minute, Top: trafficNames}
	ask, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	all, err := h.Counts(ask, q)
	if err != nil {
		return nil, err
	}
	a.missing.note(a.resolvers(now), all.Covered, until)
	q.Where[history.ByPool] = ""
	empty, err := h.Counts(ask, q)
	if err != nil {
		return nil, err
	}
	series, ok := windows(all, empty, until)
	if !ok {
		return nil, errNoCounts
	}
	was := map[string]bool{}
	for k := range a.service.Lasting() {
		was[k.Object] = was[k.Object] || k.Event == alert.TrafficAnomaly
	}
	return watch.Traffic(series, a.service.Current().Settings.Thresholds, func(d string) bool { return was[d] }, a.own, now), nil
}

// resolvers is how many have been there for as long as is judged.
func (a *alerts) resolvers(now time.Time) (n int) {
	for _, x := range (live{a.n}).Nodes() {
		if x.Present() && slices.Contains(x.Roles, RoleResolver) && now.Sub(x.Since) > 2*watch.Lately {
			n++
		}
	}
	return n
}

// leastCover is how much of a window resolvers must have reported: with less, a fall of
// queries is one of reports.
const leastCover = 0.95

// windows cuts the minutes into stretches of watch.Lately, the newest last. ok is false
// when the newest is not covered, by as many resolvers as those before.
func windows(all, empty *history.Counted, until time.Time) (out []watch.Series, ok bool) {
	places := int((watch.Before + watch.Lately) / watch.Lately)
	place := func(at time.Time) int { return places - 1 - int(until.Sub(at.Add(time.Nanosecond))/watch.Lately) }
	cover, nodes := make([]float64, places), make([]int, places)
	for _, c := range all.Covered {
		if i := place(c.At); i >= 0 && i < places {
			cover[i] += c.Share / watch.Lately.Minutes()
			nodes[i] = max(nodes[i], c.Nodes)
		}
	}
	good := func(i int) bool { return cover[i] >= leastCover && nodes[i] == nodes[places-1] }
	if !good(places - 1) {
		return nil, false
	}
	index := map[string][]watch.Window{}
	fill := func(c *history.Counted, into func(*watch.Window, uint64)) {
		for _, s := range c.Series {
			name := s.Key[history.ByName] + "/" + s.Key[history.ByType]
			if strings.HasPrefix(name, "(") || s.Key[history.ByName] == "" {
				continue // those that found no room
			}
			if index[name] == nil {
				index[name] = make([]watch.Window, places)
			}
			for _, p := range s.Points {
				if i := place(p.At); i >= 0 && i < places {
					into(&index[name][i], p.Queries)
				}
			}
		}
	}
	fill(all, func(w *watch.Window, n uint64) { w.Queries += n })
	fill(empty, func(w *watch.Window, n uint64) { w.Empty += n })
	for name, w := range index {
		s := watch.Series{Domain: name, Last: w[places-1]}
		for i := range places - 1 {
			if good(i) {
				s.Past = append(s.Past, w[i])
			}
		}
		out = append(out, s)
	}
	return out, true
}
