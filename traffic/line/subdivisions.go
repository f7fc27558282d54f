package line

// area is one of the seven customary areas of mainland China.
type area struct {
	code, alias, en, zh string
	provinces           string // ISO letters, blank separated
}

// areas follows the customary division; every province is in exactly one.
var areas = []area{
	{"cn-dongbei", "dongbei", "Northeast China", "东北", "hl jl ln"},
	{"cn-huabei", "huabei", "North China", "华北", "bj tj he sx nm"},
	{"cn-huadong", "huadong", "East China", "华东", "sh js zj ah fj jx sd"},
	{"cn-huanan", "huanan", "South China", "华南", "gd gx hi"},
	{"cn-huazhong", "huazhong", "Central China", "华中", "ha hb hn"},
	{"cn-xibei", "xibei", "Northwest China", "西北", "sn gs qh nx xj"},
	{"cn-xinan", "xinan", "Southwest China", "西南", "cq sc gz yn xz"},
}

// provinceAlias names the provinces as Alibaba's line codes do.
var provinceAlias = map[string]string{
	"ah": "anhui", "bj": "beijing", "cq": "chongqing", "fj": "fujian", "gs": "gansu",
	"gd": "guangdong", "gx": "guangxi", "gz": "guizhou", "hi": "hainan", "he": "hebei",
	"hl": "heilongjiang", "ha": "henan", "hb": "hubei", "hn": "hunan", "js": "jiangsu",
	"jx": "jiangxi", "jl": "jilin", "ln": "liaoning", "nm": "neimenggu", "nx": "ningxia",
	"qh": "qinghai", "sn": "shaanxi", "sd": "shandong", "sh": "shanghai", "sx": "shanxi",
	"sc": "sichuan", "tj": "tianjin", "xj": "xinjiang", "xz": "xizang", "yn": "yunnan",
	"zj": "zhejiang",
}

// subdivisions lists ISO 3166-2 divisions of the countries whose state names in
// the address data map cleanly: code, English name, Chinese name, then further
// spellings of the data. Other countries keep their states as text: they give
// no line, but a point of their own.
var subdivisions = map[string]string{
	"cn": `
ah|Anhui|安徽
bj|Beijing|北京
cq|Chongqing|重庆
fj|Fujian|福建
gd|Guangdong|广东
gs|Gansu|甘肃
gx|Guangxi|广西|Guangxi Zhuangzu
gz|Guizhou|贵州
ha|Henan|河南
hb|Hubei|湖北
he|Hebei|河北
hi|Hainan|海南
hl|Heilongjiang|黑龙江
hn|Hunan|湖南
jl|Jilin|吉林
js|Jiangsu|江苏
jx|Jiangxi|江西
ln|Liaoning|辽宁
nm|Inner Mongolia|内蒙古|Nei Mongol
nx|Ningxia|宁夏|Ningxia Huizu
qh|Qinghai|青海
sc|Sichuan|四川
sd|Shandong|山东
sh|Shanghai|上海
sn|Shaanxi|陕西
sx|Shanxi|山西
tj|Tianjin|天津
xj|Xinjiang|新疆|Xinjiang Uygur
xz|Tibet|西藏|Xizang
yn|Yunnan|云南
zj|Zhejiang|浙江`,
	"us": `
ak|Alaska|阿拉斯加州
al|Alabama|亚拉巴马州
ar|Arkansas|阿肯色州
az|Arizona|亚利桑那州
ca|California|加利福尼亚州
co|Colorado|科罗拉多州
ct|Connecticut|康涅狄格州
dc|District of Columbia|哥伦比亚特区|Washington, D.C.
de|Delaware|特拉华州
fl|Florida|佛罗里达州
ga|Georgia|佐治亚州
hi|Hawaii|夏威夷州
ia|Iowa|艾奥瓦州
id|Idaho|爱达荷州
il|Illinois|伊利诺伊州
in|Indiana|印第安纳州
ks|Kansas|堪萨斯州
ky|Kentucky|肯塔基州
la|Louisiana|路易斯安那州
ma|Massachusetts|马萨诸塞州
md|Maryland|马里兰州
me|Maine|缅因州
mi|Michigan|密歇根州
mn|Minnesota|明尼苏达州
mo|Missouri|密苏里州
ms|Mississippi|密西西比州
mt|Montana|蒙大拿州
nc|North Carolina|北卡罗来纳州
nd|North Dakota|北达科他州
ne|Nebraska|内布拉斯加州
nh|New Hampshire|新罕布什尔州
nj|New Jersey|新泽西州
nm|New Mexico|新墨西哥州
nv|Nevada|内华达州
ny|New York|纽约州
oh|Ohio|俄亥俄州
ok|Oklahoma|俄克拉何马州
or|Oregon|俄勒冈州
pa|Pennsylvania|宾夕法尼亚州
ri|Rhode Island|罗得岛州
sc|South Carolina|南卡罗来纳州
sd|South Dakota|南达科他州
tn|Tennessee|田纳西州
tx|Texas|得克萨斯州
ut|Utah|犹他州
va|Virginia|弗吉尼亚州
vt|Vermont|佛蒙特州
wa|Washington|华盛顿州
wi|Wisconsin|威斯康星州
wv|West Virginia|西弗吉尼亚州
wy|Wyoming|怀俄明州`,
	"ca": `
ab|Alberta|艾伯塔省
bc|British Columbia|不列颠哥伦比亚省
mb|Manitoba|马尼托巴省
nb|New Brunswick|新不伦瑞克省
nl|Newfoundland and Labrador|纽芬兰与拉布拉多省
ns|Nova Scotia|新斯科舍省
nt|Northwest Territories|西北地区
nu|Nunavut|努纳武特地区
on|Ontario|安大略省
pe|Prince Edward Island|爱德华王子岛省
qc|Quebec|魁北克省|Québec
sk|Saskatchewan|萨斯喀彻温省
yt|Yukon|育空地区`,
	"in": `
an|Andaman and Nicobar Islands|安达曼-尼科巴群岛|Andaman and Nicobar
ap|Andhra Pradesh|安得拉邦
ar|Arunachal Pradesh|阿鲁纳恰尔邦
as|Assam|阿萨姆邦
br|Bihar|比哈尔邦
cg|Chhattisgarh|恰蒂斯加尔邦
ch|Chandigarh|昌迪加尔
dh|Dadra and Nagar Haveli and Daman and Diu|达德拉-纳加尔哈维利和达曼-第乌
dl|Delhi|德里|National Capital Territory of Delhi
ga|Goa|果阿邦
gj|Gujarat|古吉拉特邦
hp|Himachal Pradesh|喜马偕尔邦
hr|Haryana|哈里亚纳邦
jh|Jharkhand|贾坎德邦
jk|Jammu and Kashmir|查谟和克什米尔
ka|Karnataka|卡纳塔克邦
kl|Kerala|喀拉拉邦
la|Ladakh|拉达克
ld|Lakshadweep|拉克沙群岛
mh|Maharashtra|马哈拉施特拉邦
ml|Meghalaya|梅加拉亚邦
mn|Manipur|曼尼普尔邦
mp|Madhya Pradesh|中央邦
mz|Mizoram|米佐拉姆邦
nl|Nagaland|那加兰邦
od|Odisha|奥里萨邦
pb|Punjab|旁遮普邦
py|Puducherry|本地治里
rj|Rajasthan|拉贾斯坦邦
sk|Sikkim|锡金邦
tn|Tamil Nadu|泰米尔纳德邦
tr|Tripura|特里普拉邦
ts|Telangana|特伦甘纳邦
uk|Uttarakhand|北阿坎德邦
up|Uttar Pradesh|北方邦
wb|West Bengal|西孟加拉邦`,
	"au": `
act|Australian Capital Territory|澳大利亚首都领地|ACT
nsw|New South Wales|新南威尔士州
nt|Northern Territory|北领地
qld|Queensland|昆士兰州
sa|South Australia|南澳大利亚州
tas|Tasmania|塔斯马尼亚州
vic|Victoria|维多利亚州
wa|Western Australia|西澳大利亚州`,
	"jp": `
01|Hokkaido|北海道
02|Aomori|青森县
03|Iwate|岩手县
04|Miyagi|宫城县
05|Akita|秋田县
06|Yamagata|山形县
07|Fukushima|福岛县
08|Ibaraki|茨城县
09|Tochigi|栃木县
10|Gunma|群马县
11|Saitama|埼玉县
12|Chiba|千叶县
13|Tokyo|东京都
14|Kanagawa|神奈川县
15|Niigata|新潟县
16|Toyama|富山县
17|Ishikawa|石川县
18|Fukui|福井县
19|Yamanashi|山梨县
20|Nagano|长野县
21|Gifu|岐阜县
22|Shizuoka|静冈县
23|Aichi|爱知县
24|Mie|三重县
25|Shiga|滋贺县
26|Kyoto|京都府
27|Osaka|大阪府
28|Hyogo|兵库县
29|Nara|奈良县
30|Wakayama|和歌山县
31|Tottori|鸟取县
32|Shimane|岛根县
33|Okayama|冈山县
34|Hiroshima|广岛县
35|Yamaguchi|山口县
36|Tokushima|德岛县
37|Kagawa|香川县
38|Ehime|爱媛县
39|Kochi|高知县
40|Fukuoka|福冈县
41|Saga|佐贺县
42|Nagasaki|长崎县
43|Kumamoto|熊本县
44|Oita|大分县
45|Miyazaki|宫崎县
46|Kagoshima|鹿儿岛县
47|Okinawa|冲绳县`,
	"de": `
bb|Brandenburg|勃兰登堡州
be|Berlin|柏林|State of Berlin
bw|Baden-Württemberg|巴登-符腾堡州|Baden-Wurttemberg
by|Bavaria|巴伐利亚州
hb|Bremen|不来梅|City state Bremen|Free Hanseatic City of Bremen
he|Hesse|黑森州
hh|Hamburg|汉堡|Free and Hanseatic City of Hamburg
mv|Mecklenburg-Vorpommern|梅克伦堡-前波美拉尼亚州
ni|Lower Saxony|下萨克森州
nw|North Rhine-Westphalia|北莱茵-威斯特法伦州
rp|Rhineland-Palatinate|莱茵兰-普法尔茨州|Rheinland-Pfalz
sh|Schleswig-Holstein|石勒苏益格-荷尔斯泰因州
sl|Saarland|萨尔州
sn|Saxony|萨克森州
st|Saxony-Anhalt|萨克森-安哈尔特州
th|Thuringia|图林根州`,
	"br": `
ac|Acre|阿克里州
al|Alagoas|阿拉戈斯州
am|Amazonas|亚马孙州
ap|Amapá|阿马帕州|Amapa
ba|Bahia|巴伊亚州
ce|Ceará|塞阿拉州|Ceara
df|Federal District|巴西利亚联邦区|Distrito Federal
es|Espírito Santo|圣埃斯皮里图州|Espirito Santo
go|Goiás|戈亚斯州|Goias
ma|Maranhão|马拉尼昂州|Maranhao
mg|Minas Gerais|米纳斯吉拉斯州
ms|Mato Grosso do Sul|南马托格罗索州
mt|Mato Grosso|马托格罗索州
pa|Pará|帕拉州|Para
pb|Paraíba|帕拉伊巴州|Paraiba
pe|Pernambuco|伯南布哥州
pi|Piauí|皮奥伊州|Piaui
pr|Paraná|巴拉那州|Parana
rj|Rio de Janeiro|里约热内卢州
rn|Rio Grande do Norte|北里奥格兰德州
ro|Rondônia|朗多尼亚州|Rondonia
rr|Roraima|罗赖马州
rs|Rio Grande do Sul|南里奥格兰德州
sc|Santa Catarina|圣卡塔琳娜州
se|Sergipe|塞尔希培州
sp|São Paulo|圣保罗州|Sao Paulo
to|Tocantins|托坎廷斯州`,
	"kr": `
11|Seoul|首尔
26|Busan|釜山
27|Daegu|大邱
28|Incheon|仁川
29|Gwangju|光州
30|Daejeon|大田
31|Ulsan|蔚山
41|Gyeonggi|京畿道|Gyeonggi-do
42|Gangwon|江原道|Gangwon-do
43|North Chungcheong|忠清北道|Chungcheongbuk-do
44|South Chungcheong|忠清南道|Chungcheongnam-do
45|North Jeolla|全罗北道|Jeollabuk-do
46|South Jeolla|全罗南道|Jeollanam-do
47|North Gyeongsang|庆尚北道|Gyeongsangbuk-do
48|South Gyeongsang|庆尚南道|Gyeongsangnam-do
49|Jeju|济州|Jeju-do
50|Sejong|世宗|Sejong-si`,
	"gb": `
eng|England|英格兰
nir|Northern Ireland|北爱尔兰
sct|Scotland|苏格兰
wls|Wales|威尔士`,
}
