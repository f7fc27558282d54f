package traffic

// nameTree knows which of a set of names stand below another, at the cost of those
// found: a delegation or a zone that comes or goes asks it about the access domains
// below. Every name links to its parent up to the root, and only while needed.
type nameTree struct {
	kids map[string]map[string]struct{} // name -> names one label below
	here map[string]struct{}            // names of the set itself
}

func newNameTree() nameTree {
	return nameTree{kids: map[string]map[string]struct{}{}, here: map[string]struct{}{}}
}

func (t nameTree) add(name string) {
	t.here[name] = struct{}{}
	for n := name; n != "."; {
		p := Parent(n)
		if _, linked := t.kids[p][n]; linked {
			return // so are all above it
		}
		if t.kids[p] == nil {
			t.kids[p] = map[string]struct{}{}
		}
		t.kids[p][n] = struct{}{}
		n = p
	}
}

func (t nameTree) remove(name string) {
	delete(t.here, name)
	for n := name; n != "."; n = Parent(n) {
		if _, used := t.here[n]; used || len(t.kids[n]) > 0 {
			return
		}
		p := Parent(n)
		delete(t.kids[p], n)
		if len(t.kids[p]) == 0 {
			delete(t.kids, p)
		}
	}
}

// below calls f with every name of the set that is name or below it, in no order.
func (t nameTree) below(name string, f func(string)) {
	if _, ok := t.here[name]; ok {
		f(name)
	}
	for k := range t.kids[name] {
		t.below(k, f)
	}
}
