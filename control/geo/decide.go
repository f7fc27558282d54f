package geo

import "github.com/meridian-gtm/meridian/traffic/line"

// decide says where an address is and whose, from what the layers say of it:
// place data, the AS that announces it, and the narrowest network of each list.
// The reasons for each rule, with figures, are in DESIGN.md.
func decide(v6 bool, place class, as asInfo, isp, cloud, search entry) (location, line.Kind) {
	loc := place.loc
	k := line.Kind{Confidence: place.conf, Search: search.code}

	switch {
	case cloud.code != "":
		k.Cloud = cloud.code
	case as.cloud != "":
		k.Cloud, k.ASN = as.cloud, as.asn
	}

	// An operator's block by list beats routing: the AS table has holes in it.
	byList := isp.code != ""
	if byList {
		k.ISP, k.ASN = isp.code, 0
	} else if as.isp != "" {
		k.ISP, k.ASN = as.isp, as.asn
	}
	if k.ISP == "" {
		return loc, k
	}

	// The operator lines are those of mainland China. Networks that a mainland AS
	// announces abroad steer by region; a user's list is taken at its word.
	chinese := loc.country == "cn" || loc.country == "" || byList
	if !chinese && !as.userBased {
		k.ISP = ""
		if k.Cloud == "" {
			k.ASN = 0
		}
		return loc, k
	}
	if loc.country != "cn" && (byList && !isp.user || loc.country == "") {
		loc, k.Confidence = location{country: "cn"}, line.Low
	}
	if loc.country != "cn" {
		return loc, k
	}

	province := isp.province
	if !byList {
		province = as.province
	}
	switch {
	case place.own && loc.sub != "":
		// The operator of this server brought better data: they decide.
	case v6:
		// Place data put whole operators into one head office (99 % of Telecom in Beijing).
		loc, k.Confidence = location{country: "cn"}, line.Low
	case province != "" && province != loc.sub:
		loc, k.Confidence = location{country: "cn", sub: province}, line.Medium
	case province != "":
		k.Confidence = max(k.Confidence, line.Medium)
	case weakProvince[k.ISP]:
		k.Confidence = min(k.Confidence, line.Low)
	}
	return loc, k
}

// weakProvince lists the operators of whose addresses place data put half or
// more into the wrong province: right 52 % for Mobile, 51 % for Tietong, 61 %
// for CERNET, 53 % for CSTNET. The province is kept as the best guess, but not
// used for distances.
var weakProvince = map[string]bool{"mobile": true, "tietong": true, "cernet": true, "cstnet": true}
