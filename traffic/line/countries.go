package line

// countries lists ISO 3166-1 by continent, one country a line: code, English
// name, Chinese name. A country stands under one continent only, the one that
// geographers and the address data agree on most often (Russia in Europe,
// Turkey and Georgia in Asia, Cyprus in Europe, Greenland in North America).
// xk is user-assigned, but registries and the data use it.
var countries = map[string]string{
	"africa": `
ao|Angola|安哥拉
bf|Burkina Faso|布基纳法索
bi|Burundi|布隆迪
bj|Benin|贝宁
bw|Botswana|博茨瓦纳
cd|Congo (Kinshasa)|刚果（金）
cf|Central African Republic|中非共和国
cg|Congo (Brazzaville)|刚果（布）
ci|Côte d'Ivoire|科特迪瓦
cm|Cameroon|喀麦隆
cv|Cape Verde|佛得角
dj|Djibouti|吉布提
dz|Algeria|阿尔及利亚
eg|Egypt|埃及
eh|Western Sahara|西撒哈拉
er|Eritrea|厄立特里亚
et|Ethiopia|埃塞俄比亚
ga|Gabon|加蓬
gh|Ghana|加纳
gm|Gambia|冈比亚
gn|Guinea|几内亚
gq|Equatorial Guinea|赤道几内亚
gw|Guinea-Bissau|几内亚比绍
ke|Kenya|肯尼亚
km|Comoros|科摩罗
lr|Liberia|利比里亚
ls|Lesotho|莱索托
ly|Libya|利比亚
ma|Morocco|摩洛哥
mg|Madagascar|马达加斯加
ml|Mali|马里
mr|Mauritania|毛里塔尼亚
mu|Mauritius|毛里求斯
mw|Malawi|马拉维
mz|Mozambique|莫桑比克
na|Namibia|纳米比亚
ne|Niger|尼日尔
ng|Nigeria|尼日利亚
re|Réunion|留尼汪
rw|Rwanda|卢旺达
sc|Seychelles|塞舌尔
sd|Sudan|苏丹
sh|St. Helena|圣赫勒拿
sl|Sierra Leone|塞拉利昂
sn|Senegal|塞内加尔
so|Somalia|索马里
ss|South Sudan|南苏丹
st|São Tomé & Príncipe|圣多美和普林西比
sz|Eswatini|斯威士兰
td|Chad|乍得
tg|Togo|多哥
tn|Tunisia|突尼斯
tz|Tanzania|坦桑尼亚
ug|Uganda|乌干达
yt|Mayotte|马约特
za|South Africa|南非
zm|Zambia|赞比亚
zw|Zimbabwe|津巴布韦`,
	"asia": `
ae|United Arab Emirates|阿拉伯联合酋长国
af|Afghanistan|阿富汗
am|Armenia|亚美尼亚
az|Azerbaijan|阿塞拜疆
bd|Bangladesh|孟加拉国
bh|Bahrain|巴林
bn|Brunei|文莱
bt|Bhutan|不丹
cc|Cocos (Keeling) Islands|科科斯（基林）群岛
cn|Mainland China|中国大陆
cx|Christmas Island|圣诞岛
ge|Georgia|格鲁吉亚
hk|Hong Kong|中国香港
id|Indonesia|印度尼西亚
il|Israel|以色列
in|India|印度
io|British Indian Ocean Territory|英属印度洋领地
iq|Iraq|伊拉克
ir|Iran|伊朗
jo|Jordan|约旦
jp|Japan|日本
kg|Kyrgyzstan|吉尔吉斯斯坦
kh|Cambodia|柬埔寨
kp|North Korea|朝鲜
kr|South Korea|韩国
kw|Kuwait|科威特
kz|Kazakhstan|哈萨克斯坦
la|Laos|老挝
lb|Lebanon|黎巴嫩
lk|Sri Lanka|斯里兰卡
mm|Myanmar|缅甸
mn|Mongolia|蒙古
mo|Macao|中国澳门
mv|Maldives|马尔代夫
my|Malaysia|马来西亚
np|Nepal|尼泊尔
om|Oman|阿曼
ph|Philippines|菲律宾
pk|Pakistan|巴基斯坦
ps|Palestine|巴勒斯坦
qa|Qatar|卡塔尔
sa|Saudi Arabia|沙特阿拉伯
sg|Singapore|新加坡
sy|Syria|叙利亚
th|Thailand|泰国
tj|Tajikistan|塔吉克斯坦
tl|Timor-Leste|东帝汶
tm|Turkmenistan|土库曼斯坦
tr|Türkiye|土耳其
tw|Taiwan|中国台湾
uz|Uzbekistan|乌兹别克斯坦
vn|Vietnam|越南
ye|Yemen|也门`,
	"europe": `
ad|Andorra|安道尔
al|Albania|阿尔巴尼亚
at|Austria|奥地利
ax|Åland Islands|奥兰群岛
ba|Bosnia & Herzegovina|波斯尼亚和黑塞哥维那
be|Belgium|比利时
bg|Bulgaria|保加利亚
by|Belarus|白俄罗斯
ch|Switzerland|瑞士
cy|Cyprus|塞浦路斯
cz|Czechia|捷克
de|Germany|德国
dk|Denmark|丹麦
ee|Estonia|爱沙尼亚
es|Spain|西班牙
fi|Finland|芬兰
fo|Faroe Islands|法罗群岛
fr|France|法国
gb|United Kingdom|英国
gg|Guernsey|根西岛
gi|Gibraltar|直布罗陀
gr|Greece|希腊
hr|Croatia|克罗地亚
hu|Hungary|匈牙利
ie|Ireland|爱尔兰
im|Isle of Man|马恩岛
is|Iceland|冰岛
it|Italy|意大利
je|Jersey|泽西岛
li|Liechtenstein|列支敦士登
lt|Lithuania|立陶宛
lu|Luxembourg|卢森堡
lv|Latvia|拉脱维亚
mc|Monaco|摩纳哥
md|Moldova|摩尔多瓦
me|Montenegro|黑山
mk|North Macedonia|北马其顿
mt|Malta|马耳他
nl|Netherlands|荷兰
no|Norway|挪威
pl|Poland|波兰
pt|Portugal|葡萄牙
ro|Romania|罗马尼亚
rs|Serbia|塞尔维亚
ru|Russia|俄罗斯
se|Sweden|瑞典
si|Slovenia|斯洛文尼亚
sj|Svalbard & Jan Mayen|斯瓦尔巴和扬马延
sk|Slovakia|斯洛伐克
sm|San Marino|圣马力诺
ua|Ukraine|乌克兰
va|Vatican City|梵蒂冈
xk|Kosovo|科索沃`,
	"north-america": `
ag|Antigua & Barbuda|安提瓜和巴布达
ai|Anguilla|安圭拉
aw|Aruba|阿鲁巴
bb|Barbados|巴巴多斯
bl|St. Barthélemy|圣巴泰勒米
bm|Bermuda|百慕大
bq|Caribbean Netherlands|荷属加勒比区
bs|Bahamas|巴哈马
bz|Belize|伯利兹
ca|Canada|加拿大
cr|Costa Rica|哥斯达黎加
cu|Cuba|古巴
cw|Curaçao|库拉索
dm|Dominica|多米尼克
do|Dominican Republic|多米尼加共和国
gd|Grenada|格林纳达
gl|Greenland|格陵兰
gp|Guadeloupe|瓜德罗普
gt|Guatemala|危地马拉
hn|Honduras|洪都拉斯
ht|Haiti|海地
jm|Jamaica|牙买加
kn|St. Kitts & Nevis|圣基茨和尼维斯
ky|Cayman Islands|开曼群岛
lc|St. Lucia|圣卢西亚
mf|St. Martin|法属圣马丁
mq|Martinique|马提尼克
ms|Montserrat|蒙特塞拉特
mx|Mexico|墨西哥
ni|Nicaragua|尼加拉瓜
pa|Panama|巴拿马
pm|St. Pierre & Miquelon|圣皮埃尔和密克隆群岛
pr|Puerto Rico|波多黎各
sv|El Salvador|萨尔瓦多
sx|Sint Maarten|荷属圣马丁
tc|Turks & Caicos Islands|特克斯和凯科斯群岛
tt|Trinidad & Tobago|特立尼达和多巴哥
us|United States|美国
vc|St. Vincent & Grenadines|圣文森特和格林纳丁斯
vg|British Virgin Islands|英属维尔京群岛
vi|U.S. Virgin Islands|美属维尔京群岛`,
	"south-america": `
ar|Argentina|阿根廷
bo|Bolivia|玻利维亚
br|Brazil|巴西
cl|Chile|智利
co|Colombia|哥伦比亚
ec|Ecuador|厄瓜多尔
fk|Falkland Islands|福克兰群岛
gf|French Guiana|法属圭亚那
gy|Guyana|圭亚那
pe|Peru|秘鲁
py|Paraguay|巴拉圭
sr|Suriname|苏里南
uy|Uruguay|乌拉圭
ve|Venezuela|委内瑞拉`,
	"oceania": `
as|American Samoa|美属萨摩亚
au|Australia|澳大利亚
ck|Cook Islands|库克群岛
fj|Fiji|斐济
fm|Micronesia|密克罗尼西亚
gu|Guam|关岛
ki|Kiribati|基里巴斯
mh|Marshall Islands|马绍尔群岛
mp|Northern Mariana Islands|北马里亚纳群岛
nc|New Caledonia|新喀里多尼亚
nf|Norfolk Island|诺福克岛
nr|Nauru|瑙鲁
nu|Niue|纽埃
nz|New Zealand|新西兰
pf|French Polynesia|法属波利尼西亚
pg|Papua New Guinea|巴布亚新几内亚
pn|Pitcairn Islands|皮特凯恩群岛
pw|Palau|帕劳
sb|Solomon Islands|所罗门群岛
tk|Tokelau|托克劳
to|Tonga|汤加
tv|Tuvalu|图瓦卢
um|U.S. Outlying Islands|美国本土外小岛屿
vu|Vanuatu|瓦努阿图
wf|Wallis & Futuna|瓦利斯和富图纳
ws|Samoa|萨摩亚`,
	"antarctica": `
aq|Antarctica|南极洲
bv|Bouvet Island|布韦岛
gs|South Georgia & South Sandwich Islands|南乔治亚和南桑威奇群岛
hm|Heard & McDonald Islands|赫德岛和麦克唐纳群岛
tf|French Southern Territories|法属南部领地`,
}
