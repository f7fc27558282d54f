package line

import (
	"fmt"
	"strings"
	"sync"
)

// Category orders lines: a client's lines of a smaller category come first.
type Category uint8

// The categories in order of precedence.
const (
	CategoryCustom Category = iota
	CategorySearch
	CategoryCloud
	CategoryISP
	CategoryRegion
	CategoryDefault
)

var categoryNames = [...]string{"custom", "search", "cloud", "isp", "region", "default"}

// String returns the category's word, as used in the API.
func (c Category) String() string {
	if int(c) < len(categoryNames) {
		return categoryNames[c]
	}
	return "unknown"
}

// Default is the line that holds every client.
const Default = "default"

// Info describes one built-in line.
type Info struct {
	Code   string // canonical, lower case
	Alias  string // the code that Alibaba uses for the identical set; may equal Code; "" for none
	Parent string // the line above in the tree; "" only for default
	NameEN string
	NameZH string

	Category Category
	// Rank orders lines of one category: the smaller is the narrower and wins.
	Rank uint8
}

// Ranks within the region and ISP categories.
const (
	rankProvince uint8 = iota
	rankArea
	rankCountry // or the sub-line of an operator
	rankOverseaContinent
	rankContinent
	rankOversea
)

// isp ranks reuse the first steps: province, area, sub-line, operator.
const (
	rankSubISP = rankCountry
	rankISP    = rankCountry + 1
)

// catalog is the whole built-in tree with its indexes.
type catalog struct {
	all    []Info
	byCode map[string]int // canonical codes and aliases
	canon  map[string]int // canonical codes only

	continentOf map[string]string // country -> continent
	areaOf      map[string]string // cn-gd -> cn-huanan
	placeOf     map[string]string // telecom:cn-gd -> cn-gd, telecom:cn-huanan -> cn-huanan
	ispOf       map[string]isp    // also for telecom:cn-gd
	stateOf     map[string]string // "us|california" -> us-ca
}

var built = sync.OnceValue(buildCatalog)

var continents = []struct{ code, alias, en, zh string }{
	{"asia", "os_asia", "Asia", "亚洲"},
	{"europe", "os_euro", "Europe", "欧洲"},
	{"africa", "os_africa", "Africa", "非洲"},
	{"north-america", "os_namerica", "North America", "北美洲"},
	{"south-america", "os_samerica", "South America", "南美洲"},
	{"oceania", "os_oceanica", "Oceania", "大洋洲"},
	{"antarctica", "", "Antarctica", "南极洲"},
}

func buildCatalog() *catalog {
	c := &catalog{
		byCode: map[string]int{}, canon: map[string]int{},
		continentOf: map[string]string{}, areaOf: map[string]string{},
		placeOf: map[string]string{}, ispOf: map[string]isp{}, stateOf: map[string]string{},
	}
	c.add(Info{Code: Default, Alias: Default, NameEN: "Default", NameZH: "默认", Category: CategoryDefault})
	c.addRegions()
	c.addISPs()
	group := func(name, en, zh, alias string, cat Category, list [][4]string) {
		c.add(Info{Code: name, Alias: alias, Parent: Default, NameEN: en, NameZH: zh, Category: cat, Rank: 1})
		for _, l := range list {
			c.add(Info{Code: name + ":" + l[0], Alias: l[3], Parent: name, NameEN: l[1], NameZH: l[2], Category: cat})
		}
	}
	group("search", "Search engines", "搜索引擎", "search", CategorySearch, engines)
	group("cloud", "Cloud providers", "云厂商", "", CategoryCloud, clouds)
	return c
}

// add appends a line and indexes its codes. A doubled code is a mistake in the
// tables above; the tests build the catalog, so it cannot reach a user.
func (c *catalog) add(in Info, moreAliases ...string) {
	i := len(c.all)
	c.all = append(c.all, in)
	if _, dup := c.canon[in.Code]; dup {
		panic("line: " + in.Code + " stands twice in the catalog")
	}
	c.canon[in.Code] = i
	c.byCode[in.Code] = i
	for _, a := range append(moreAliases, in.Alias) {
		if a == "" || a == in.Code {
			continue
		}
		if _, dup := c.byCode[a]; dup {
			panic("line: alias " + a + " stands twice in the catalog")
		}
		c.byCode[a] = i
	}
}

func (c *catalog) addRegions() {
	region := func(code, alias, parent, en, zh string, rank uint8, more ...string) {
		c.add(Info{Code: code, Alias: alias, Parent: parent, NameEN: en, NameZH: zh, Category: CategoryRegion, Rank: rank}, more...)
	}
	region("oversea", "oversea", Default, "Outside mainland China", "境外", rankOversea)
	for _, k := range continents {
		region(k.code, "", Default, k.en, k.zh, rankContinent)
	}
	for _, k := range continents {
		var more []string
		// Third-party tables spell these two in full.
		switch k.code {
		case "europe":
			more = []string{"os_europe"}
		case "oceania":
			more = []string{"os_oceania"}
		}
		region("oversea:"+k.code, k.alias, "oversea", k.en+" outside mainland China", "境外"+k.zh, rankOverseaContinent, more...)
	}
	for _, k := range continents {
		for _, row := range rows(countries[k.code]) {
			code, parent, alias := row[0], "oversea:"+k.code, ""
			var more []string
			if k.alias != "" {
				alias = k.alias + "_" + code
			}
			if code == "cn" {
				parent, alias = "asia", "internal"
			}
			if code == "eh" {
				more = []string{"os_africa_os_africa_eh"} // an oddity of the original
			}
			region(code, alias, parent, row[1], row[2], rankCountry, more...)
			c.continentOf[code] = k.code
		}
	}
	for _, a := range areas {
		region(a.code, "cn_region_"+a.alias, "cn", a.en, a.zh, rankArea)
		for p := range strings.FieldsSeq(a.provinces) {
			c.areaOf["cn-"+p] = a.code
		}
	}
	for _, country := range []string{"cn", "us", "ca", "in", "au", "jp", "kr", "de", "gb", "br"} {
		for _, row := range rows(subdivisions[country]) {
			code, parent, alias := country+"-"+row[0], country, ""
			var more []string
			if country == "cn" {
				parent, alias = c.areaOf[code], "cn_region_"+provinceAlias[row[0]]
				if row[0] == "sn" {
					more = []string{"cn_region_shannxi"} // so in a third-party list
				}
			}
			region(code, alias, parent, row[1], row[2], rankProvince, more...)
			for i, name := range row[1:] {
				if i != 1 { // the Chinese name is not in the data
					c.stateOf[country+"|"+strings.ToLower(name)] = code
				}
			}
		}
	}
}

func (c *catalog) addISPs() {
	for _, p := range isps {
		in := Info{Code: p.code, Alias: p.alias, Parent: Default, NameEN: p.en, NameZH: p.zh, Category: CategoryISP, Rank: rankISP}
		if p.parent != "" {
			in.Parent, in.Rank = p.parent, rankSubISP
		}
		c.add(in)
		c.ispOf[p.code] = p
		if !p.placed {
			continue
		}
		// Alibaba divides three operators by place.
		alias := func(string) string { return "" }
		if p.code == "telecom" || p.code == "unicom" || p.code == "mobile" {
			alias = func(s string) string { return "cn_" + p.code + "_" + s }
		}
		placed := func(place, alias, parent, en, zh string, rank uint8) {
			code := p.code + ":" + place
			c.add(Info{Code: code, Alias: alias, Parent: parent, NameEN: p.en + ", " + en, NameZH: p.zh + zh, Category: CategoryISP, Rank: rank})
			c.placeOf[code], c.ispOf[code] = place, p
		}
		for _, a := range areas {
			placed(a.code, alias(a.alias), p.code, a.en, a.zh, rankArea)
		}
		for _, row := range rows(subdivisions["cn"]) {
			place := "cn-" + row[0]
			placed(place, alias(provinceAlias[row[0]]), p.code+":"+c.areaOf[place], row[1], row[2], rankProvince)
		}
	}
}

func rows(table string) [][]string {
	var out [][]string
	for l := range strings.Lines(table) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, strings.Split(l, "|"))
		}
	}
	return out
}

// Lookup finds a built-in line by its code or alias, in any letter case.
func Lookup(code string) (Info, bool) {
	c := built()
	i, ok := c.byCode[strings.ToLower(code)]
	if !ok {
		return Info{}, false
	}
	return c.all[i], true
}

// Canonical returns the code of a built-in line given by code or alias, in any
// letter case.
func Canonical(code string) (string, bool) {
	in, ok := Lookup(code)
	return in.Code, ok
}

// All returns every built-in line, parents before children, in an order that
// only changes when lines are added. The caller owns the slice.
func All() []Info {
	return append([]Info(nil), built().all...)
}

// State returns the line of a country's state by the English name that address
// data gives it ("California" of "us" is us-ca). ok is false when the state has
// no line of its own.
func State(country, name string) (code string, ok bool) {
	code, ok = built().stateOf[strings.ToLower(country)+"|"+strings.ToLower(name)]
	return code, ok
}

// Country reports whether code is the line of a country.
func Country(code string) bool {
	_, ok := built().continentOf[code]
	return ok
}

func nameOf(code string) string {
	if in, ok := Lookup(code); ok {
		return in.NameEN
	}
	return code
}

// chain returns the built-in lines of a client with these properties, most
// specific first, ending with default. Empty and unknown parts give no lines.
func (c *catalog) chain(search, cloud, operator, subdivision, country string) []string {
	out := make([]string, 0, 12)
	if search != "" {
		out = append(out, "search:"+search, "search")
	}
	if cloud != "" {
		out = append(out, "cloud:"+cloud, "cloud")
	}
	if p, ok := c.ispOf[operator]; ok {
		root := p
		if p.parent != "" {
			root = c.ispOf[p.parent]
		}
		if a := c.areaOf[subdivision]; a != "" && root.placed {
			out = append(out, root.code+":"+subdivision, root.code+":"+a)
		}
		out = append(out, p.code)
		if p.parent != "" {
			out = append(out, root.code)
		}
	}
	if subdivision != "" {
		out = append(out, subdivision)
		if a := c.areaOf[subdivision]; a != "" {
			out = append(out, a)
		}
	}
	if country != "" {
		out = append(out, country)
		k := c.continentOf[country]
		if country == "cn" {
			out = append(out, k)
		} else {
			out = append(out, "oversea:"+k, k, "oversea")
		}
	}
	return append(out, Default)
}

// typical returns the chain of a typical client of a built-in line: one that is
// where the line says, and of which nothing more is known.
func (c *catalog) typical(in Info) []string {
	switch in.Category {
	case CategorySearch, CategoryCloud:
		group, name, sub := strings.Cut(in.Code, ":")
		switch {
		case !sub:
			return []string{in.Code, Default}
		case group == "search":
			return c.chain(name, "", "", "", "")
		default:
			return c.chain("", name, "", "", "")
		}
	case CategoryISP:
		code, place, _ := strings.Cut(in.Code, ":")
		if in.Rank == rankArea {
			return append([]string{in.Code, code, place}, c.chain("", "", "", "", "cn")...)
		}
		return c.chain("", "", code, place, "cn")
	case CategoryRegion:
		switch in.Rank {
		case rankProvince:
			country, _, _ := strings.Cut(in.Code, "-")
			return c.chain("", "", "", in.Code, country)
		case rankArea:
			return append([]string{in.Code}, c.chain("", "", "", "", "cn")...)
		case rankCountry:
			return c.chain("", "", "", "", in.Code)
		case rankOverseaContinent:
			return []string{in.Code, strings.TrimPrefix(in.Code, "oversea:"), "oversea", Default}
		default:
			return []string{in.Code, Default}
		}
	}
	return []string{Default}
}

// validate says whether the parts name built-in lines.
func (c *catalog) validate(search, cloud, operator, subdivision, country string) error {
	check := func(what, code string) error {
		if code == "" {
			return nil
		}
		if _, ok := c.canon[code]; !ok {
			return fmt.Errorf("%s %q is not a built-in line", what, code)
		}
		return nil
	}
	if search != "" {
		if err := check("search engine", "search:"+search); err != nil {
			return err
		}
	}
	if cloud != "" {
		if err := check("cloud", "cloud:"+cloud); err != nil {
			return err
		}
	}
	if operator != "" {
		if _, ok := c.ispOf[operator]; !ok || strings.Contains(operator, ":") {
			return fmt.Errorf("operator %q is not a built-in line", operator)
		}
	}
	if country != "" && c.continentOf[country] == "" {
		return fmt.Errorf("country %q is not a built-in line", country)
	}
	if subdivision != "" {
		if i, ok := c.canon[subdivision]; !ok || c.all[i].Category != CategoryRegion || c.all[i].Rank != rankProvince ||
			country == "" || !strings.HasPrefix(subdivision, country+"-") {
			return fmt.Errorf("subdivision %q is not a line of country %q", subdivision, country)
		}
	}
	return nil
}
