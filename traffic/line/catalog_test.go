package line

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestCatalogIsATree(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, in := range All() {
		if in.NameEN == "" || in.NameZH == "" {
			t.Errorf("%s has no English or Chinese name", in.Code)
		}
		if in.Code != strings.ToLower(in.Code) || in.Alias != strings.ToLower(in.Alias) {
			t.Errorf("%s / %s is not lower case", in.Code, in.Alias)
		}
		if (in.Parent == "") != (in.Code == Default) || in.Parent != "" && !seen[in.Parent] {
			t.Errorf("%s stands before its parent %q", in.Code, in.Parent)
		}
		seen[in.Code] = true
	}
	if n := len(built().continentOf); n != 250 {
		t.Errorf("%d countries, want the 249 of ISO 3166 and xk", n)
	}
	if n := len(built().areaOf); n != 31 {
		t.Errorf("%d provinces are in an area, want 31", n)
	}
}

func TestCodesAndAliases(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sentence, in, want string }{
		{"our own code is canonical", "cn-gd", "cn-gd"},
		{"letter case does not matter", "CN-GD", "cn-gd"},
		{"operator in a province", "cn_telecom_guangdong", "telecom:cn-gd"},
		{"operator in an area", "cn_unicom_huabei", "unicom:cn-huabei"},
		{"region area", "cn_region_huadong", "cn-huadong"},
		{"region province", "cn_region_shanxi", "cn-sx"},
		{"Shaanxi is not Shanxi", "cn_region_shaanxi", "cn-sn"},
		{"a third-party spelling of Shaanxi", "cn_region_shannxi", "cn-sn"},
		{"country abroad", "os_asia_jp", "jp"},
		{"the oddity of Western Sahara", "os_africa_os_africa_eh", "eh"},
		{"Hong Kong counts as overseas", "os_asia_hk", "hk"},
		{"Asia without mainland China", "os_asia", "oversea:asia"},
		{"Europe", "os_euro", "oversea:europe"},
		{"mainland China", "internal", "cn"},
		{"CERNET", "edu", "cernet"},
		{"Alibaba Cloud", "aliyun", "cloud:aliyun"},
		{"the same word", "telecom", "telecom"},
		{"Tibet", "cn_mobile_xizang", "mobile:cn-xz"},
		{"a state", "us-ca", "us-ca"},
		{"a country in the wrong continent is unknown", "os_euro_jp", ""},
		{"a set that we do not have is unknown", "cn_search_baidu", ""},
		{"nonsense is unknown", "cn-zz", ""},
	} {
		got, ok := Canonical(c.in)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %s is %q, want %q", c.sentence, c.in, got, c.want)
		}
	}
	for _, in := range All() {
		if in.Alias == "" {
			continue
		}
		if got, _ := Canonical(in.Alias); got != in.Code {
			t.Errorf("alias %s of %s leads to %q", in.Alias, in.Code, got)
		}
	}
}

func TestChainOfATypicalClient(t *testing.T) {
	t.Parallel()
	w, err := NewWorld(nil, []Custom{{Name: "office"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ code, want string }{
		{"default", "default"},
		{"unicom:cn-bj", "unicom:cn-bj unicom:cn-huabei unicom cn-bj cn-huabei cn asia default"},
		{"telecom:cn-huanan", "telecom:cn-huanan telecom cn-huanan cn asia default"},
		{"tietong", "tietong mobile cn asia default"},
		{"edu", "cernet cn asia default"},
		{"cn-xj", "cn-xj cn-xibei cn asia default"},
		{"cn-huadong", "cn-huadong cn asia default"},
		{"cn", "cn asia default"},
		{"us-ca", "us-ca us oversea:north-america north-america oversea default"},
		{"hk", "hk oversea:asia asia oversea default"},
		{"asia", "asia default"},
		{"oversea", "oversea default"},
		{"oversea:europe", "oversea:europe europe oversea default"},
		{"search", "search default"},
		{"search:google", "search:google search default"},
		{"aliyun", "cloud:aliyun cloud default"},
		{"office", "office default"},
	} {
		got, ok := w.ChainOf(c.code)
		if !ok || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.code, got, c.want)
		}
	}
	if _, ok := w.ChainOf("nowhere"); ok {
		t.Error("an unknown line has a chain")
	}
}

// Every chain must be in the order that steering relies on, and hold the line
// itself and all its ancestors.
func TestChainsAreOrderedAndClosed(t *testing.T) {
	t.Parallel()
	w, _ := NewWorld(nil, nil)
	for _, in := range All() {
		chain, _ := w.ChainOf(in.Code)
		var last Info
		for i, code := range chain {
			at, ok := Lookup(code)
			if !ok || at.Code != code {
				t.Fatalf("%s: %q in its chain is no line", in.Code, code)
			}
			if i > 0 && (at.Category < last.Category || at.Category == last.Category && at.Rank < last.Rank) {
				t.Errorf("%s: %s stands after %s", in.Code, code, last.Code)
			}
			last = at
		}
		for up := in; up.Code != Default; up, _ = Lookup(up.Parent) {
			if !slices.Contains(chain, up.Code) && up.Code != Default {
				t.Errorf("%s: %s is missing in %v", in.Code, up.Code, chain)
			}
		}
	}
}

func TestStatesByName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ country, name, want string }{
		{"CN", "Inner Mongolia", "cn-nm"}, {"cn", "Tibet", "cn-xz"}, {"US", "Georgia", "us-ga"},
		{"DE", "Baden-Wurttemberg", "de-bw"}, {"BR", "Sao Paulo", "br-sp"}, {"JP", "Tokyo", "jp-13"}, {"FR", "Corsica", ""},
	} {
		if got, _ := State(c.country, c.name); got != c.want {
			t.Errorf("%s %s is %q, want %q", c.country, c.name, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	beijing, shanghai := Point{39.9042, 116.4074}, Point{31.2304, 121.4737}
	for _, c := range []struct {
		sentence string
		a, b     Point
		want     float64
	}{
		{"a place is at itself", beijing, beijing, 0},
		{"Beijing to Shanghai", beijing, shanghai, 1067},
		{"across the date line is near", Point{0, 179.5}, Point{0, -179.5}, 111.2},
		{"pole to pole is half way round", Point{90, 0}, Point{-90, 120}, 20015},
		{"antipodes do not leave the domain", Point{12.3456, 45}, Point{-12.3456, -135}, 20015},
	} {
		if got := Distance(c.a, c.b); math.Abs(got-c.want) > 1+c.want/500 {
			t.Errorf("%s: %.1f km, want %.1f", c.sentence, got, c.want)
		}
	}
}
