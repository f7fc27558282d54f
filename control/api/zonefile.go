package api

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/file"
)

func (s *server) zoneFileRoutes() {
	text := &huma.Schema{Type: huma.TypeString, Description: "Master file (RFC 1035 §5)."}
	s.route(route{method: "GET", path: "/zones/{name}/file", id: "exportZone", summary: "Read a zone as a master file", tag: "Zones", need: auth.Viewer,
		answer: text, answerType: masterType, handle: s.exportZone})
	s.route(route{method: "PUT", path: "/zones/{name}/file", id: "importZone", summary: "Import a master file", tag: "Zones", need: auth.Operator, scoped: true,
		params: append([]*huma.Param{query("replace", huma.TypeBoolean, "Delete the zone's records that the file does not have.")}, writeParams...),
		body:   text, bodyType: masterType, limit: changeLimit, answer: s.schemaOf(changeAnswerType), handle: s.importZone})
}

func (s *server) exportZone(c *call) (answer, error) {
	key, err := s.control.Resolve(traffic.KindZone, c.PathValue("name"))
	if err != nil {
		return answer{}, err
	}
	var list []rr.RR
	var notes []string
	s.control.View(func(m *traffic.Model, _ traffic.Position) {
		z := m.Zone(key.Name)
		if z == nil {
			err = &control.ObjectError{Key: key, Err: control.ErrNotFound}
			return
		}
		list = apex(z, m.Settings())
		for _, k := range m.InZone(z.Name) {
			r, ok := m.Get(k).(*traffic.Record)
			switch {
			case !ok:
			case !r.Enabled:
				notes = append(notes, "; disabled and left out: "+r.Name+" "+r.Type)
			default:
				for _, d := range r.Data {
					list = append(list, rr.RR{Name: r.Name, Type: r.Type, TTL: r.TTL, Data: d})
				}
			}
		}
		m.Each(traffic.KindAccessDomain, func(o traffic.Object) bool {
			if d := o.(*traffic.AccessDomain); d.Enabled && m.ZoneOf(d.Name) == z {
				notes = append(notes, "; steered, so not in a file: "+d.Key().Name)
			}
			return true
		})
	})
	if err != nil {
		return answer{}, err
	}
	var b bytes.Buffer
	slices.Sort(notes)
	for _, n := range notes {
		b.WriteString(n + "\n")
	}
	if err := rr.WriteMaster(&b, dotted(key.Name), list); err != nil {
		return answer{}, fmt.Errorf("export zone %s: %w", key.Name, err)
	}
	return answer{raw: b.Bytes(), contentType: masterType + "; charset=utf-8"}, nil
}

// apex makes the records that a zone has without declaring them.
func apex(z *traffic.Zone, set *traffic.Settings) []rr.RR {
	servers := z.Nameservers
	if len(servers) == 0 {
		servers = set.Nameservers
	}
	soa := z.SOA.Or(set.SOA)
	if soa.MName == "" {
		soa.MName = servers[0]
	}
	list := []rr.RR{{Name: dotted(z.Name), Type: "SOA", TTL: soa.TTL, Data: fmt.Sprintf("%s %s %d %d %d %d %d",
		dotted(soa.MName), dotted(soa.Contact), z.Serial, soa.Refresh, soa.Retry, soa.Expire, soa.NegativeTTL)}}
	for _, n := range servers {
		list = append(list, rr.RR{Name: dotted(z.Name), Type: "NS", TTL: soa.TTL, Data: dotted(n)})
	}
	return list
}

func dotted(name string) string {
	if strings.HasSuffix(name, ".") {
		return name
	}
	return name + "."
}

func (s *server) importZone(c *call) (answer, error) {
	replace := false
	if v := c.URL.Query().Get("replace"); v != "" {
		var err error
		if replace, err = strconv.ParseBool(v); err != nil {
			return answer{}, invalidField("replace", "invalid_parameter", "must be true or false")
		}
	}
	b, err := c.read()
	if err != nil {
		return answer{}, err
	}
	key := s.keyOf(zoneKind, c.PathValue("name"))
	m, err := file.ReadMaster(bytes.NewReader(b), key.Name)
	if err != nil {
		return answer{}, unreadable(err)
	}
	cond, err := conditions(c, key)
	if err != nil {
		return answer{}, err
	}
	cs := control.ChangeSet{If: cond}
	zone := m.Zone(key.Name)
	old, err := s.control.Get(key)
	switch {
	case errors.Is(err, control.ErrNotFound):
	case err != nil:
		return answer{}, err
	default: // what the file does not say stays
		have := *old.Object.(*traffic.Zone)
		have.Nameservers = slices.Clone(have.Nameservers)
		if len(zone.Nameservers) > 0 {
			have.Nameservers = zone.Nameservers
		}
		if zone.SOA != (traffic.SOA{}) {
			have.SOA = zone.SOA
		}
		zone = &have
	}
	cs.Put = append(cs.Put, zone)
	for _, r := range m.Records {
		cs.Put = append(cs.Put, r)
	}
	if replace {
		cs.ReplaceRecords = []string{key.Name}
	}
	a, err := s.writeSet(c, b, cs, "")
	if err != nil {
		if p, ok := problemOf(err); ok && len(p.Errors) > 0 {
			p.Errors = atLines(p.Errors, m)
			return a, p
		}
		return a, err
	}
	if done, ok := a.body.(changeAnswer); ok {
		done.Warnings = atLines(done.Warnings, m)
		a.body = done
	}
	return a, nil
}

// unreadable tells what is wrong with each line of a master file.
func unreadable(err error) *Problem {
	var several rr.LineErrors
	if one := new(rr.LineError); errors.As(err, &one) {
		several = rr.LineErrors{one}
	} else if !errors.As(err, &several) {
		return invalidField("", "invalid_master_file", err.Error())
	}
	p := invalid()
	p.Detail = several[0].Error()
	if n := len(several) - 1; n > 0 {
		p.Detail += fmt.Sprintf(" (and %d more)", n)
	}
	for _, e := range several {
		p.Errors = append(p.Errors, traffic.Problem{Code: "invalid_master_file", Message: e.Err.Error(), At: e.Line})
	}
	return p
}

// atLines says of findings about records where these stand in the file.
func atLines(list []traffic.Problem, m *file.Master) []traffic.Problem {
	out := slices.Clone(list) // a report may be shared with a replayed answer
	for i, p := range out {
		out[i].At = m.Line(traffic.Key{Kind: p.Kind, Name: p.Name})
	}
	return out
}
