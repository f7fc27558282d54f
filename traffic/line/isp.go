package line

// isp describes one operator line.
type isp struct {
	code, alias, en, zh string
	parent              string // "" for a line under default
	placed              bool   // has lines by Chinese area and province
}

// isps lists the operator lines. Where Alibaba has the same operator under
// another code, that is the alias.
//
// An operator line holds the operator's clients in mainland China; see
// control/geo/DESIGN.md for why its networks abroad are left out. tietong is
// part of mobile since the merger and stays visible as a sub-line. drpeng,
// wexchange, founder, cnix have no network of their own that routing data could
// show; they hold what the operator lists under them in the geo folder.
var isps = []isp{
	{"telecom", "telecom", "China Telecom", "中国电信", "", true},
	{"unicom", "unicom", "China Unicom", "中国联通", "", true},
	{"mobile", "mobile", "China Mobile", "中国移动", "", true},
	{"tietong", "", "China Tietong", "中国铁通", "mobile", false},
	{"cernet", "edu", "CERNET", "教育网", "", true},
	{"cstnet", "cstnet", "CSTNET", "科技网", "", false},
	{"cable", "", "Cable TV networks", "广电网", "", true},
	{"btvn", "btvn", "China Broadnet", "中国广电", "cable", false},
	{"ocn", "ocn", "Oriental Cable", "东方有线", "cable", false},
	{"bgctv", "bgctv", "Gehua Cable", "歌华有线", "cable", false},
	{"wasu", "wasu", "Wasu", "华数", "cable", false},
	{"topway", "topway_video", "Topway", "天威视讯", "cable", false},
	{"drpeng", "drpeng", "Dr.Peng", "鹏博士", "", true},
	{"wexchange", "wexchange", "WeExchange", "驰联网络", "", false},
	{"founder", "founder", "Founder Broadband", "方正宽带", "", false},
	{"cnix", "cnix", "CNIX", "皓宽网络", "", false},
}

// clouds and engines: code, English name, Chinese name, Alibaba's code.
var clouds = [][4]string{
	{"aliyun", "Alibaba Cloud", "阿里云", "aliyun"},
	{"tencent", "Tencent Cloud", "腾讯云", ""},
	{"huawei", "Huawei Cloud", "华为云", ""},
	{"volcengine", "Volcano Engine", "火山引擎", ""},
	{"baidu", "Baidu AI Cloud", "百度智能云", ""},
	{"jd", "JD Cloud", "京东云", ""},
	{"kingsoft", "Kingsoft Cloud", "金山云", ""},
	{"ucloud", "UCloud", "优刻得", ""},
	{"netease", "NetEase", "网易", ""},
	{"21vianet", "21Vianet", "世纪互联", ""},
	{"aws", "Amazon Web Services", "亚马逊云科技", ""},
	{"azure", "Microsoft Azure", "微软云", ""},
	{"google", "Google Cloud", "谷歌云", ""},
	{"oracle", "Oracle Cloud", "甲骨文云", ""},
	{"ibm", "IBM Cloud", "IBM 云", ""},
	{"digitalocean", "DigitalOcean", "DigitalOcean", ""},
	{"linode", "Akamai Connected Cloud (Linode)", "Linode", ""},
	{"vultr", "Vultr", "Vultr", ""},
	{"ovh", "OVHcloud", "OVH 云", ""},
	{"hetzner", "Hetzner", "Hetzner", ""},
	{"scaleway", "Scaleway", "Scaleway", ""},
	{"yandex", "Yandex Cloud", "Yandex 云", ""},
	{"naver", "Naver Cloud", "Naver 云", ""},
}

var engines = [][4]string{
	{"google", "Google Search", "谷歌搜索", ""},
	{"baidu", "Baidu Search", "百度搜索", ""},
	{"bing", "Bing", "必应", ""},
	{"sogou", "Sogou", "搜狗", ""},
	{"360", "360 Search", "360 搜索", ""},
	{"shenma", "Shenma", "神马搜索", ""},
	{"bytedance", "ByteDance", "字节跳动搜索", ""},
	{"yandex", "Yandex Search", "Yandex 搜索", ""},
	{"yahoo", "Yahoo", "雅虎", ""},
	{"naver", "Naver", "Naver 搜索", ""},
	{"apple", "Applebot", "苹果搜索", ""},
	{"duckduckgo", "DuckDuckGo", "DuckDuckGo", ""},
	{"youdao", "Youdao", "有道搜索", ""},
}
