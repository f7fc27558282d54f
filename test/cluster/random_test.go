package cluster

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// object is one entry of a change set, as the API takes it.
type object map[string]any

// change makes a random change set of one to three objects. Not every one is valid: the
// server refuses those that break a rule between objects, and that is no harm here.
func change(r *rand.Rand) object {
	var put, del []object
	for range 1 + r.IntN(3) {
		if r.IntN(8) == 0 {
			kind, name := somebody(r)
			del = append(del, object{"kind": kind, "name": name})
			continue
		}
		kind, body := something(r)
		put = append(put, object{"kind": kind, "body": body})
	}
	cs := object{"comment": "random"}
	if put != nil {
		cs["put"] = put
	}
	if del != nil {
		cs["delete"] = del
	}
	return cs
}

const (
	addressCount = 12
	poolCount    = 8
	nameCount    = 10
	recordCount  = 8
	lineCount    = 3
)

// An even address is IPv4, an odd one IPv6, and so are pools and names.
func addressName(n int) string { return fmt.Sprintf("a%d", n) }
func poolName(n int) string    { return fmt.Sprintf("p%d", n) }
func lineName(n int) string    { return fmt.Sprintf("office%d", n) }
func recordName(n int) string  { return fmt.Sprintf("rec%d", n) }

// hostName of a name n: those below half of nameCount give one certain answer, so that
// answers can be compared octet by octet; the others take turns and draw.
func hostName(n int) string {
	if certain(n) {
		return fmt.Sprintf("certain%d.example.com", n)
	}
	return fmt.Sprintf("any%d.example.com", n)
}

func certain(n int) bool { return n < nameCount/2 }

func somebody(r *rand.Rand) (kind, name string) {
	switch r.IntN(4) {
	case 0:
		return "address", addressName(r.IntN(addressCount))
	case 1:
		return "pool", poolName(r.IntN(poolCount))
	case 2:
		return "record", "example.com/" + recordName(r.IntN(recordCount)) + "/TXT"
	}
	n := r.IntN(nameCount)
	return "access_domain", hostName(n) + "/" + family(n, "A", "AAAA")
}

func family(n int, v4, v6 string) string {
	if n%2 == 0 {
		return v4
	}
	return v6
}

func something(r *rand.Rand) (kind string, body object) {
	pick := func(list ...string) string { return list[r.IntN(len(list))] }
	switch r.IntN(8) {
	case 0, 1:
		n := r.IntN(addressCount)
		return "address", object{"name": addressName(n), "mode": pick("auto", "auto", "manual_unavailable"),
			"address": family(n, fmt.Sprintf("192.0.2.%d", 1+n), fmt.Sprintf("2001:db8::%d", 1+n))}
	case 2, 3:
		n := r.IntN(poolCount)
		b := object{"name": poolName(n), "type": family(n, "IPv4", "IPv6"), "judgement": pick("any_ok", "p50_ok", "all_ok"),
			"members": links(r, n, addressCount, "address", addressName)}
		steering(r, b, n < poolCount/2)
		return "pool", b
	case 4, 5:
		b := accessDomain(r, r.IntN(nameCount))
		b["unmatched"], b["all_down"], b["enabled"] = pick("fallback", "nodata"), pick("serve_all", "nodata"), r.IntN(8) > 0
		return "access_domain", b
	case 6:
		n := r.IntN(recordCount)
		return "record", object{"zone": "example.com", "name": recordName(n), "type": "TXT", "ttl": 10 + r.IntN(500), "data": []string{fmt.Sprintf("%q", fmt.Sprint(r.Uint32()))}}
	}
	n := r.IntN(lineCount)
	return "line", object{"name": lineName(n), "cidrs": []string{fmt.Sprintf("198.51.100.%d/%d", 64*r.IntN(4), 26), fmt.Sprintf("2001:db8:%x::/48", 1+r.IntN(4))}}
}

// accessDomain is the n-th, steered at random.
func accessDomain(r *rand.Rand, n int) object {
	b := object{"name": hostName(n), "type": family(n, "A", "AAAA"), "ttl": 10 + r.IntN(90)}
	steering(r, b, certain(n))
	pools := poolCount
	if certain(n) {
		pools = poolCount / 2 // those which are certain themselves
	}
	b["pools"] = links(r, n, pools, "pool", poolName)
	return b
}

func steering(r *rand.Rand, b object, certain bool) {
	policies := []string{"sequential", "proximity", "round_robin", "weighted"}
	if certain {
		policies = policies[:2]
	}
	p := policies[r.IntN(len(policies))]
	b["policy"] = p
	if p == "sequential" && r.IntN(2) == 0 {
		b["mode"] = "non_preemptive"
	}
}

// links are one to three members of the family of n.
func links(r *rand.Rand, n, count int, key string, name func(int) string) []object {
	var all []int
	for i := range count {
		if i%2 == n%2 {
			all = append(all, i)
		}
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var out []object
	for _, i := range all[:1+r.IntN(min(3, len(all)))] {
		lines := []string{"default"}
		for l := range lineCount {
			if r.IntN(4) == 0 {
				lines = append(lines, lineName(l))
			}
		}
		if len(lines) > 1 && r.IntN(2) == 0 {
			lines = lines[1:]
		}
		out = append(out, object{key: name(i), "lines": slices.Clone(lines), "weight": 1, "enabled": r.IntN(6) > 0})
	}
	return out
}

// clients are one from each line, several sizes of block, and none.
var clients = []string{"", "198.51.100.0/24", "198.51.100.70/32", "198.51.100.128/26", "198.51.100.200/30", "203.0.113.0/24", "2001:db8:1::/48", "2001:db8:3:4::/64", "0.0.0.0/0"}
