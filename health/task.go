package health

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"

	"github.com/meridian-gtm/meridian/traffic"
)

// Task is one health task with what a probe of it needs. It is immutable.
type Task struct {
	Key      traffic.TaskKey   // Port is the effective one, 0 for ping
	Target   string            // IP address or domain name
	Template *traffic.Template // immutable, shared
	// Def covers everything that decides what a probe means: target, port, protocol,
	// family, time limit and options. A finding counts only for the Def it was made
	// of, so an edit never takes an answer to another question for its own.
	Def uint64
}

// CompareKeys orders task keys by address, template and port.
func CompareKeys(a, b traffic.TaskKey) int {
	return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Template, b.Template), cmp.Compare(a.Port, b.Port))
}

// Tasks lists the health tasks of a configuration in the order of their keys: those
// that are enabled, of enabled addresses and templates, whether or not an access
// domain uses the address now. It reads m only during the call.
func Tasks(m *traffic.Model) []Task {
	var out []Task
	defs := map[*traffic.Template]uint64{}
	m.Each(traffic.KindAddress, func(o traffic.Object) bool {
		a := o.(*traffic.Address)
		if !a.Enabled {
			return true
		}
		for _, t := range a.Tasks {
			tpl := m.Template(t.Template)
			if !t.Enabled || tpl == nil || !tpl.Enabled {
				continue
			}
			def, ok := defs[tpl]
			if !ok {
				def = templateDef(tpl)
				defs[tpl] = def
			}
			port := t.EffectivePort(tpl.Protocol)
			out = append(out, Task{
				Key:      traffic.TaskKey{Address: a.Name, Template: tpl.Name, Port: port},
				Target:   a.Address,
				Template: tpl,
				Def:      taskDef(def, a.Address, port),
			})
		}
		return true
	})
	slices.SortFunc(out, func(a, b Task) int { return CompareKeys(a.Key, b.Key) })
	// Two ways to write one task (the default port, and its number) are one task.
	return slices.CompactFunc(out, func(a, b Task) bool { return a.Key == b.Key })
}

// templateDef leaves out what changes the pace or the judgement but not the meaning
// of one probe: interval, counts, failure rate, vantages, labels and remark.
func templateDef(t *traffic.Template) uint64 {
	b, err := json.Marshal(struct {
		P traffic.Protocol
		V string
		T traffic.Duration
		I *traffic.PingOptions
		C *traffic.TCPOptions
		H *traffic.HTTPOptions
	}{t.Protocol, t.IPVersion, t.Timeout, t.Ping, t.TCP, t.Options()})
	if err != nil {
		panic(fmt.Sprintf("encode template %q: %v", t.Name, err)) // plain data always encodes
	}
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

// taskDef is FNV-1a by hand: it runs for every task at every change.
func taskDef(template uint64, target string, port int) uint64 {
	const prime = 1099511628211
	h := template
	for i := 0; i < len(target); i++ {
		h = (h ^ uint64(target[i])) * prime
	}
	h *= prime // ends the text, as a zero octet would
	for _, b := range [2]byte{byte(port), byte(port >> 8)} {
		h = (h ^ uint64(b)) * prime
	}
	return h
}
