package api

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/graph"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// mapAnswer is what a map of the world shows.
type mapAnswer struct {
	At        time.Time    `json:"at"`
	Addresses []mapAddress `json:"addresses" doc:"Those whose place is known, the worst first; at most 5000."`
	Omitted   int          `json:"omitted_addresses"`
	Unplaced  int          `json:"unplaced_addresses" doc:"Addresses of which neither the configuration nor the location map knows the place."`
	Vantages  []mapPoint   `json:"vantages"`
	Nodes     []mapPoint   `json:"nodes"`
	Clients   mapClients   `json:"clients"`
	Labels    []string     `json:"place_labels" doc:"Labels by which vantages and nodes are placed: latitude and longitude, else country with province or region."`
}

type mapAddress struct {
	Name      string      `json:"name"`
	Value     string      `json:"value" doc:"IP address or domain name."`
	Health    steer.Grade `json:"health" enum:"ok,ok_alert,exceptional,unknown,unmonitored,disabled"`
	Available bool        `json:"available"`
	Place     graph.Place `json:"place"`
}

type mapPoint struct {
	ID    string       `json:"id"`
	State string       `json:"state"`
	Roles []string     `json:"roles,omitempty"`
	Place *graph.Place `json:"place,omitempty" doc:"By its labels; absent when they do not tell."`
}

// mapClients are clients of the last hour, estimated from samples.
type mapClients struct {
	From      time.Time    `json:"from"`
	Until     time.Time    `json:"until"`
	Known     bool         `json:"known" doc:"False: no resolver has reported of the time, so absence means nothing."`
	Total     uint64       `json:"total" doc:"Queries."`
	Countries []mapCountry `json:"countries" doc:"The most first."`
	Provinces []mapCountry `json:"provinces" doc:"Of mainland China, as far as the networks with the most queries tell: their sum is at most that of the country."`
}

type mapCountry struct {
	Code    string            `json:"code" doc:"Line of the country or the province, like cn or cn-gd; empty where the place is not known."`
	NameEN  string            `json:"name_en"`
	NameZH  string            `json:"name_zh"`
	Queries uint64            `json:"queries"`
	Point   *traffic.Location `json:"point,omitempty" doc:"Where most of its addresses are; absent when the location map has none."`
}

const (
	mostMapped  = 5000
	mostSubnets = 2000 // of mainland China, for provinces
)

func (s *server) mapRoutes() {
	s.route(route{method: "GET", path: "/map/points", id: "mapPoints", summary: "Addresses, vantages, nodes and clients with their places", tag: "State", need: auth.Viewer,
		answer: s.schemaOf(reflect.TypeFor[mapAnswer]()), handle: s.mapPoints})
}

func (s *server) mapPoints(c *call) (answer, error) {
	w := s.world()
	if w == nil {
		w, _ = line.NewWorld(nil, nil) // without custom lines it cannot fail
	}
	out := mapAnswer{At: s.Now().UTC(), Addresses: []mapAddress{}, Vantages: []mapPoint{}, Nodes: []mapPoint{}, Labels: placeLabels}
	h := s.Health
	var placed []mapAddress
	s.control.View(func(m *traffic.Model, _ traffic.Position) {
		judge := control.Judge(m, h)
		m.Each(traffic.KindAddress, func(o traffic.Object) bool {
			a := o.(*traffic.Address)
			p := graph.PlaceOf(a, w)
			if p == nil {
				out.Unplaced++
				return true
			}
			j := judge(a)
			placed = append(placed, mapAddress{a.Name, a.Address, j.Health, j.Available, *p})
			return true
		})
	})
	slices.SortFunc(placed, func(a, b mapAddress) int {
		if d := slices.Index(steer.Grades, a.Health) - slices.Index(steer.Grades, b.Health); d != 0 {
			return d
		}
		return strings.Compare(a.Name, b.Name)
	})
	if more := len(placed) - mostMapped; more > 0 {
		placed, out.Omitted = placed[:mostMapped], more
	}
	out.Addresses = append(out.Addresses, placed...)
	for _, v := range s.Live.Vantages() {
		out.Vantages = append(out.Vantages, mapPoint{ID: v.ID, State: v.State, Place: placeOfLabels(v.Labels, w.Map())})
	}
	nodes, err := s.everyNode(c.Context())
	if err != nil {
		return answer{}, err
	}
	for _, n := range nodes {
		out.Nodes = append(out.Nodes, mapPoint{ID: n.ID, State: n.State, Roles: n.Roles, Place: placeOfLabels(n.Labels, w.Map())})
	}
	ctx, cancel := bounded(c)
	defer cancel()
	out.Clients = s.mapClients(ctx, w)
	return answer{body: out}, nil
}

var placeLabels = []string{"latitude", "longitude", "country", "province", "region"}

// placeOfLabels places a vantage or a node by its labels: by coordinates, else in the
// middle of its province or country.
func placeOfLabels(labels map[string]string, m *line.Map) *graph.Place {
	country := strings.ToLower(labels["country"])
	if !line.Country(country) {
		country = ""
	}
	p := &graph.Place{Source: "configured", Country: country}
	for _, name := range []string{"province", "region"} {
		v := strings.ToLower(labels[name])
		for _, code := range []string{country + "-" + v, v} {
			if in, ok := line.Lookup(code); ok && v != "" && strings.Contains(in.Code, "-") && !strings.Contains(in.Code, ":") && p.Subdivision == "" {
				if of, _, _ := strings.Cut(in.Code, "-"); line.Country(of) && (country == "" || of == country) {
					p.Country, p.Subdivision, country = of, in.Code, of
				}
			}
		}
	}
	lat, err1 := strconv.ParseFloat(labels["latitude"], 64)
	lon, err2 := strconv.ParseFloat(labels["longitude"], 64)
	if err1 == nil && err2 == nil && lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 {
		p.Location = traffic.Location{Latitude: lat, Longitude: lon}
		return p
	}
	for _, code := range []string{p.Subdivision, p.Country} {
		if at, ok := m.PointOf(code); ok && code != "" {
			p.Location, p.Source = traffic.Location{Latitude: at.Lat, Longitude: at.Lon}, "map"
			return p
		}
	}
	return nil
}

// mapClients reads the last hour; a map without clients is better than none.
func (s *server) mapClients(ctx context.Context, w *line.World) mapClients {
	now := s.Now().UTC()
	out := mapClients{From: now.Add(-history.Recent), Until: now, Countries: []mapCountry{}, Provinces: []mapCountry{}}
	if s.History == nil {
		return out
	}
	got, err := s.History.Counts(ctx, history.CountQuery{GroupBy: []string{history.ByCountry}, Where: map[string]string{}, From: out.From, Until: now, Step: -1, Top: 1000})
	if err != nil {
		s.log.Debug("map without clients", "err", err)
		return out
	}
	out.Known, out.Total = len(got.Covered) > 0, got.Total
	named := func(code string, n uint64) mapCountry {
		c := mapCountry{Code: code, Queries: n}
		if in, ok := line.Lookup(code); ok && code != "" {
			c.NameEN, c.NameZH = in.NameEN, in.NameZH
		}
		if at, ok := w.Map().PointOf(code); ok {
			c.Point = &traffic.Location{Latitude: at.Lat, Longitude: at.Lon}
		}
		return c
	}
	for _, g := range got.Series {
		code := g.Key[history.ByCountry]
		if _, ok := line.Lookup(code); !ok {
			code = ""
		}
		out.Countries = append(out.Countries, named(code, g.Total))
	}
	subnets, err := s.History.Counts(ctx, history.CountQuery{GroupBy: []string{history.BySubnet}, Where: map[string]string{history.ByCountry: "cn"}, From: out.From, Until: now, Step: -1, Top: mostSubnets})
	if err != nil {
		s.log.Debug("map without provinces", "err", err)
		return out
	}
	by := map[string]uint64{}
	for _, g := range subnets.Series {
		if p, err := netip.ParsePrefix(g.Key[history.BySubnet]); err == nil {
			if sub := w.Locate(p.Masked().Addr()).Subdivision; strings.HasPrefix(sub, "cn-") {
				by[sub] += g.Total
			}
		}
	}
	for code, n := range by {
		out.Provinces = append(out.Provinces, named(code, n))
	}
	slices.SortFunc(out.Provinces, func(a, b mapCountry) int {
		if a.Queries != b.Queries {
			return map[bool]int{true: -1, false: 1}[a.Queries > b.Queries]
		}
		return strings.Compare(a.Code, b.Code)
	})
	return out
}

// attributionAnswer is what licences ask to be shown.
type attributionAnswer struct {
	Program string        `json:"program" doc:"Licence of this program."`
	GeoMap  string        `json:"geo_map,omitempty" doc:"Hash of the location map in force; absent for none."`
	Sources []line.Source `json:"sources" doc:"Files that the location map was made of."`
	Credits []string      `json:"credits" doc:"Sentences that the licences of the data ask for; links in Markdown."`
	Notice  string        `json:"notice" doc:"Third parties' software, as in the file NOTICE."`
}

func (s *server) attributionRoutes() {
	s.route(route{method: "GET", path: "/attribution", id: "attribution", summary: "Whose data and software this is made of, and under which licences", tag: "State", need: auth.Viewer,
		answer: s.schemaOf(reflect.TypeFor[attributionAnswer]()), handle: func(*call) (answer, error) {
			out := attributionAnswer{Program: "Apache-2.0", Sources: []line.Source{}, Credits: []string{}, Notice: s.Notice}
			if w := s.world(); w != nil {
				about := w.Map().About()
				out.GeoMap, out.Sources, out.Credits = w.Map().Hash(), append(out.Sources, about.Sources...), append(out.Credits, about.Attribution...)
			}
			return answer{body: out}, nil
		}})
}
