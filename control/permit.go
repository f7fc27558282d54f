package control

import (
	"fmt"

	"github.com/meridian-gtm/meridian/traffic"
)

// Permit reports whether the author of a change may write what carries these labels.
// What carries none, or has no labels of its own like the settings, is asked with nil.
type Permit func(labels map[string]string) bool

// Denied is a change that its author may not make. Nothing of it was applied.
type Denied struct {
	// Key is the object that the author may not write, and Labels are what it carries.
	Key    traffic.Key
	Labels map[string]string
	// For is the object that was to be written, where Key is what it belongs to.
	For traffic.Key
}

func (e *Denied) Error() string {
	if e.For.Kind != "" {
		return fmt.Sprintf("may not write %s, to which %s belongs", e.Key, e.For)
	}
	return fmt.Sprintf("may not write %s", e.Key)
}

// side is the configuration before or after a change.
type side interface {
	Get(traffic.Key) traffic.Object
	ZoneOf(name string) *traffic.Zone
}

// permit holds every change to the labels before it and after it: relabelling neither
// takes what is another's nor hides what was done. What moves to a set counts as
// written, since its deletion by --prune follows the set.
func (g *ground) permit(cs *ChangeSet, d *traffic.Draft, p *planned) error {
	if cs.Permit == nil {
		return nil
	}
	for _, c := range p.changes {
		if onlySerial(c) { // follows from a change that is asked about itself
			continue
		}
		if c.Before != nil {
			if err := cs.Permit.object(g.model, c.Before); err != nil {
				return err
			}
		}
		if c.After == nil {
			continue
		}
		if err := cs.Permit.object(d, c.After); err != nil {
			return err
		}
		if c.Before == nil {
			if err := g.permitName(cs.Permit, d, c.After); err != nil {
				return err
			}
		}
	}
	for _, k := range p.mark {
		if err := cs.Permit.object(g.model, g.model.Get(k)); err != nil {
			return err
		}
	}
	return nil
}

// object asks for one object as it stands on one side.
func (may Permit) object(at side, o traffic.Object) error {
	key, labels := o.Key(), metaOf(o).Labels
	switch v := o.(type) {
	case *traffic.Settings:
		// They are everyone's: labels on them must not hand them to anybody.
		labels = nil
	case *traffic.Record:
		// A record belongs to its zone; with labels of its own it can be handed on alone.
		if z, ok := at.Get(traffic.Key{Kind: traffic.KindZone, Name: v.Zone}).(*traffic.Zone); ok && may(z.Labels) {
			return nil
		}
	case *traffic.Override:
		// Who may write what it reaches may order about it. A selector reaches what carries
		// all its labels, and what that is may change: so its labels are asked about.
		target, named := v.Named()
		if !named {
			labels = v.Selects()
			break
		}
		if about := at.Get(target); about != nil {
			labels = metaOf(about).Labels
			if !may(labels) {
				return &Denied{Key: target, Labels: labels, For: key}
			}
		}
	case *traffic.Assertion:
		// It can refuse every change of the name that it speaks of, so it takes both.
		about := traffic.Key{Kind: traffic.KindAccessDomain, Name: v.Name + "/" + v.Type}
		if ad := at.Get(about); ad != nil && !may(metaOf(ad).Labels) {
			return &Denied{Key: about, Labels: metaOf(ad).Labels, For: key}
		}
	}
	if !may(labels) {
		return &Denied{Key: key, Labels: labels}
	}
	return nil
}

// permitName asks for the place of a new name in DNS. Own labels would not do: a name
// in another's zone is taken from the other.
func (g *ground) permitName(may Permit, d *traffic.Draft, o traffic.Object) error {
	var zone *traffic.Zone
	switch v := o.(type) {
	case *traffic.Record:
		zone, _ = d.Get(traffic.Key{Kind: traffic.KindZone, Name: v.Zone}).(*traffic.Zone)
	case *traffic.Zone:
		zone = d.ZoneOf(traffic.Parent(v.Name))
	case *traffic.AccessDomain:
		for _, ad := range g.model.At(v.Name) { // another type at a name that is theirs
			if may(ad.Labels) {
				return nil
			}
		}
		zone = d.ZoneOf(v.Name)
	}
	if zone == nil || may(zone.Labels) {
		return nil
	}
	return &Denied{Key: zone.Key(), Labels: zone.Labels, For: o.Key()}
}

// onlySerial tells a zone that changes because of what is in it.
func onlySerial(c traffic.Change) bool {
	before, ok1 := c.Before.(*traffic.Zone)
	after, ok2 := c.After.(*traffic.Zone)
	if !ok1 || !ok2 {
		return false
	}
	same := *before
	same.Serial = after.Serial
	return string(traffic.Encode(&same)) == string(traffic.Encode(after))
}
