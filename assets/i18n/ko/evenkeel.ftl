# 창에 나오는 한국어 문장. 키 목록은 keys.rs에 있고 테스트가 서로 비교한다.

nav-live = 실시간
nav-tune = 조정
nav-measure = 측정
nav-spikes = 스파이크
nav-settings = 설정
nav-shrink = 작게
hint-keys = G 게임 모드 · P 일시정지 · Tab 이동

## What is in force
kernel-stock = 일반 커널 { $release }
kernel-patched = 패치된 커널 { $release }
in-force-searching = 도우미를 찾는 중입니다…
in-force-no-helper = 도우미가 없는 동안에는 이 기기에서 아무것도 바꾸지 않습니다.
in-force-observe = { $kernel }: 지켜보기만 하고 아무것도 바꾸지 않습니다.
in-force-ecmp-off = { $kernel }: 회선 { $uplinks }개를 지켜보는 중입니다. 게임 모드가 꺼져 있어 아무것도 바꾸지 않습니다.
in-force-ecmp-warming = { $kernel }: 회선 { $uplinks }개를 파악하는 중입니다. 아직 우선하는 회선이 없습니다.
in-force-ecmp-on = { $kernel }: 새 { $families } 연결은 회선 { $uplinks }개 중 가장 안정적인 쪽으로 갑니다.
in-force-ecmp-held = { $kernel }: 게임 모드는 켜져 있지만 지금은 고를 수 있는 경로가 없습니다.
families-both = IPv4·IPv6
family-alone = { $family }는 그대로 둡니다. { $reason }
running-stay = 진행 중인 연결은 그대로 둡니다.
running-unbound = 직접 만든 { $families } 경로에서는 주소를 정하지 않은 UDP 소켓만 옮겨질 수 있습니다.
running-any = 직접 만든 { $families } 경로에서는 출발지 규칙이 없으면 진행 중인 연결이 옮겨질 수 있습니다.
running-unpinned = 한도를 넘은 UDP 포트 { $count }개도 옮겨질 수 있습니다.
running-unpinned-only = 진행 중인 연결은 쓰던 회선에 그대로 있지만, 한도를 넘은 UDP 포트 { $count }개는 옮겨질 수 있습니다.
draining = 진행 중인 연결을 지키는 규칙 { $rules }개가 최대 { $minutes }분 동안 남아 있습니다.
in-force-stepped-back = { $kernel }: 다른 프로그램이 설정을 바꾸어 손을 뗐습니다. ‘조정’에서 확인하세요.
in-force-lowpower-off = { $kernel }: 지켜보는 중입니다. 게임 모드가 꺼져 있어 커널 설정은 그대로입니다.
in-force-lowpower-on = { $kernel }: 커널이 직접 회선을 고릅니다. 민감도는 { $factor }입니다.

## Why it only watches
reason-ready = 필요한 것이 모두 갖춰져 있습니다.
reason-no-uplink = 인터넷으로 나가는 인터페이스가 없습니다.
reason-one-uplink = 회선이 하나뿐이라 고를 수 없습니다.
reason-no-multipath = 여러 회선을 함께 쓰는 경로가 없어 조절할 것이 없습니다.
reason-nexthop-objects = 경로가 넥스트홉 객체로 되어 있어 이 버전에서는 건드리지 않습니다.
reason-too-many-routes = 경로가 너무 많아 라우터로 보입니다.
reason-foreign-nexthop = 회선이 아닌 인터페이스로 나가는 경로가 섞여 있습니다.
reason-lowpower-partial = 커널에 lowpower 설정 두 개 중 하나만 있습니다.
reason-lowpower-unreadable = 커널의 lowpower 설정을 읽을 수 없습니다.
reason-kernel-unreadable = 커널의 링크나 경로를 읽을 수 없습니다.
reason-no-default = 인터넷으로 나가는 기본 경로가 없습니다.
reason-foreign-default = 모든 통신이 회선이 아닌 것(예: VPN)을 거쳐 나갑니다.
reason-foreign-rules = 다른 프로그램이 만든 경로 규칙과 부딪힙니다.
reason-numbers-taken = 다른 프로그램이 Evenkeel의 경로 번호를 쓰고 있습니다.
reason-same-subnet = 두 회선이 같은 네트워크로 이어져 고를 것이 없습니다.
reason-metric-too-small = 시스템 경로가 이미 가장 앞이라 그 앞에 둘 수 없습니다.
reason-undone = 다른 프로그램이 경로를 계속 되돌려 Evenkeel이 물러났습니다.
reason-not-confirmed = 새 경로로 네트워크가 응답하지 않아 되돌렸습니다.
reason-unknown = 이 창이 아직 모르는 이유입니다. 창을 업데이트해 주세요.

## Game mode
game-mode = 게임 모드
game-on-here = 켜짐 · 이 창이 열려 있는 동안
game-on-kept = 켜짐 · 직접 끌 때까지
game-on-other = 켜짐 · 다른 프로그램이 사용 중
game-off = 꺼짐 · 누르면 안정적인 회선 사용
game-off-kernel = 꺼짐 · 누르면 내 설정 적용
game-busy = 잠시만요…
game-no-helper = 도우미가 필요합니다

## Uplink cards
kind-ethernet = 이더넷
kind-wifi = 와이파이
kind-cellular = 셀룰러
kind-tether = 테더링
card-jitter = 지터
card-loss = 손실(1분)
card-loss-short = 손실
card-share = 새 연결의 { $percent }
card-share-routes = 시스템이 결정
card-share-kernel = 커널이 결정
card-steadiest = 가장 안정적
card-tcp = TCP로 측정
card-metered = 종량제라 새 연결을 덜 보냄
card-metered-short = 종량제
card-no-cable = 케이블 없음
card-no-link = 연결 끊김
card-forget = 다시 판단
state-idle = 측정 안 함
state-warming = 파악하는 중
state-dead = 응답 없음
state-gone = 10초째 무응답
no-uplinks = 기본 게이트웨이가 있는 회선이 없습니다. 회선을 연결하면 여기에 바로 나타납니다.

## Graph
graph-title = 왕복 시간(ms), { $time }
graph-empty = 첫 응답을 기다리는 중입니다…
window-minutes = { $minutes }분
pause = 일시정지
axis-now = 지금
axis-paused = 일시정지
mark-game-mode = 게임 모드
mark-leader = { $uplink } 우선
legend-figures = 보통 { $p50 } · 99% { $p99 } 이내 · 최대 { $last }
legend-lost = 손실된 측정
readout-now = 지금
readout-seconds = { $seconds }초 전
readout-minutes = { $minutes }분 { $seconds }초 전
readout-lost = 손실

## Live: what happened, why, and how it is spread
card-median = 보통
card-p99 = 99% 이내
card-worst = 최대
verdict-listening = 첫 응답을 듣고 있습니다…
verdict-resting = 지금은 측정하지 않습니다. 화면의 값은 조금 전의 것입니다.
verdict-calm = 네트워크가 안정적입니다.
verdict-calm-one = 네트워크가 안정적입니다.
verdict-avoided = 새 연결이 가는 회선은 안정적입니다.
verdict-also = { $trouble }: { $figures }.
verdict-trouble = { $trouble }.
verdict-figures = { $figures }.
verdict-other-calm = { $calm } 회선은 안정적입니다.
verdict-nothing = 응답하는 회선이 없습니다. 인터넷으로 가는 길이 끊겼습니다.
trouble-silent = { $uplink } 회선이 응답하지 않습니다
trouble-loss = { $uplink }에서 패킷이 손실되고 있습니다
trouble-slow = { $uplink } 회선이 느립니다
trouble-unsteady = { $uplink } 회선이 불안정합니다
trouble-jumps = { $uplink } 회선이 크게 출렁입니다
trouble-lost = 손실 { $loss }, 지터 { $jitter }
trouble-rtt = 왕복 { $rtt }
trouble-jitter = 지터 { $jitter }, 손실 { $loss }
shape-line = 시간순
shape-bars = 분포
shape-curve = 누적 비율
now = 지금으로
title-last = 최근 { $minutes }분
title-held = 일시정지
title-from-to = { $from } – { $to }
graph-title-bars = 왕복 시간 분포, { $time }
graph-title-curve = 그 시간 안에 온 응답의 비율, { $time }
spread-empty = 이 시간에는 응답이 하나도 없어 보여 드릴 분포가 없습니다.
mark-before = 이전: 보통 { $p50 } · 99% { $p99 } ms 이내
mark-percentiles = 보통 { $p50 } · 95% { $p95 } · 99% { $p99 } ms 이내
legend-brief = 99% { $p99 } 이내
legend-spread = 보통 { $p50 } · 95% { $last } 이내 · 99% { $p99 } 이내
axis-beyond = { $value } 이상
readout-hours = { $hours }시간 { $minutes }분 전
readout-nothing = 측정된 것이 없습니다
readout-lost-share = 손실 { $percent }
legend-estimated = 약 { $figures }
readout-some-lost = { $count }개 손실
readout-within = { $value } ms 안에
readout-band = { $from }~{ $to } ms
readout-band-above = { $from } ms 이상
event-came = { $uplink } 연결됨
event-left = { $uplink } 사라짐
event-carrier-lost = { $uplink } 링크 끊김
event-carrier-back = { $uplink } 링크 복구
event-silent = { $uplink } 응답 멈춤
event-answers = { $uplink } 다시 응답
event-helper-lost = 도우미 멈춤
event-helper-back = 도우미 복귀
event-slept = { $time } 동안 절전
event-some-uplink = 어떤 회선
cause-leader = 이때부터 { $uplink } 우선
cause-no-leader = 이때부터 우선 회선 없음
cause-game-on = 게임 모드를 켬
cause-game-off = 게임 모드를 끔
cause-all-lost = 모든 회선이 함께 손실: 한 회선만의 문제가 아님
cause-only-lost = { $uplink }만 손실
cause-all-slow = 모든 회선이 함께 느려짐: 한 회선만의 문제가 아님
cause-only-slow = { $uplink }만 느려짐
cause-alone = 비교할 다른 회선이 없음

## Since game mode
since-title = 게임 모드 효과
since-off = 게임 모드를 켜면 무엇이 달라지는지 여기에서 보여 드립니다.
since-waiting = 비교 중입니다. 1분쯤 걸립니다.
since-nothing = 아직 눈에 띄는 차이가 없습니다.
since-source = 회선 평균 → 지금 쓰는 회선

## Tune
tune-title = 민감도
tune-explain = 높을수록 불안정한 회선을 빨리 떠나지만, 그만큼 자주 바꿉니다.
tune-calm = 차분함: 드물게 변경
tune-sharp = 예민함: 바로 변경
tune-default = 기본값 { $value }
tune-mark = 적용된 값 { $value }
tune-in-force = 적용된 값: { $value }
tune-choosing = 손을 떼면 적용합니다: { $value }
tune-asking = 도우미에 { $value } 적용을 요청하는 중입니다…
tune-refused = { $reason } 적용된 값은 그대로 { $value }입니다.
tune-stood-back = 다른 프로그램이 값을 바꾸어 그대로 두었습니다: { $value }
tune-undo = 실행 취소
tune-undo-what = 실행 취소: { $what } { $value }
tune-what-ema = 민감도
tune-what-power = 전력 비용
tune-what-cost = { $uplink } 비용
tune-reaction-kernel = 커널이 반응하는 속도는 트래픽에 따라 다르며, 측정된 값이 없습니다.
tune-sets-steering = 이 창이 열려 있는 동안 Evenkeel의 회선 선택에 적용합니다.
tune-sets-steering-off = 이 창이 열려 있는 동안 Evenkeel의 회선 선택에 적용합니다. 회선은 게임 모드에서 고르며, 지금은 꺼져 있습니다.
tune-sets-kernel = 이 창이 열려 있는 동안 커널의 net.ipv4.lowpower_ema_k_factor에 적용합니다.
tune-sets-later = 지금은 고를 회선이 없습니다. 값은 이 창이 열려 있는 동안 보관합니다.
tune-reset = { $value }로 되돌리기
seconds = { $seconds }초
minutes = { $minutes }분

## Preview
preview-title = 최근 { $minutes }분 · 민감도 { $value }
preview-axis = 회선이 얼마나 불안정해 보였는지(ms). 가장 낮은 선이 뚜렷이 낮으면 새 연결이 그리로 갑니다.
preview-axis-one = 회선이 얼마나 불안정해 보였는지(ms).
preview-axis-kernel = 왕복 시간(ms)을 커널의 식으로 다듬은 추정값입니다.
preview-legend = 옅은 색: 측정값. 선: 이 설정으로 다듬은 값.
preview-legend-both = 옅은 색: 측정값. 선: { $new }. 점선: 적용된 값 { $old }.
preview-legend-bars = 막대: 새 연결이 갔을 회선.
preview-new = 새 값
preview-in-force = 적용값
preview-empty = 아직 측정한 것이 없습니다. 첫 응답이 오면 미리 보기가 나타납니다.
preview-single = 회선이 하나뿐이라 바꿀 곳이 없습니다.
preview-kernel = 커널이 어느 회선을 고를지는 미리 알 수 없습니다. 커널은 보내는 트래픽을 보고 판단하며(대부분의 네트워크 카드에서는 그마저 보지 않습니다), 그 값을 공개하지 않습니다.
reacts-title = 불안정한 회선을 떠나는 시간
reacts-after = 약 { $jitter } 뒤
reacts-beside = 지터 20 ms · 손실 20%: { $loss }
often-title = 회선을 바꾸는 횟수
often-counted = { $changes ->
    [0] { $minutes }분 동안 없음
   *[other] { $minutes }분 동안 { $changes }번
 }
often-hourly = 한 시간에 약 { $hourly }번
often-short = 2분 동안 측정해야 합니다
often-not-hourly = 시간당 횟수를 알기에는 짧음
often-in-force = 적용된 값으로는 { $changes ->
    [0] 없음
   *[other] { $changes }번
 }
met-title = 응답 100개 중 99개가 오는 시간
met-in-force = 적용된 값으로는 { $ms }
met-lost = 손실 { $percent }
met-beside = 측정에서 추정한 값

cost-title = 회선별 비용
cost-explain = 100보다 높은 회선은 그만큼 더 안정적일 때만 씁니다.
cost-preferred = 선호: 다른 회선이 뚜렷이 더 안정적이지 않으면 사용
cost-neutral = 보통: 가장 안정적일 때 사용
cost-mild = 뚜렷이 더 안정적일 때만 사용
cost-strong = 두 배로 안정적일 때만 사용
cost-last = 마지막 수단으로만 사용
cost-metered = 종량제라 요금이 나올 수 있습니다.
cost-set = 직접 정함
power-title = 전력 비용 가중치
power-says = 커널은 모든 경로의 측정값에 이 값을 곱합니다. 모든 경로가 똑같이 바뀌므로 IPv4 경로 사이에서는 0일 때만 차이가 나며, 그때는 측정값을 쓰지 않습니다.
power-explain = 커널의 net.ipv4.lowpower_power_cost_weight에 적용합니다. 기본값은 100입니다.

tunables-title = 이 기기에서 바꾼 것
tunables-revert = 모두 되돌리기
tunables-draining = ‘모두 되돌리기’를 누르면 바로 사라지고, 이 규칙이 필요한 연결은 끊깁니다.
tunables-none = 없습니다. 모두 원래 그대로입니다.
tunable-ema = 커널 민감도
tunable-power = 커널 전력 비용
tunable-own = Evenkeel이 만든 경로({ $family })
tunable-route = 직접 만든 경로 { $route }
tunables-how = 게임 모드를 끄거나 이 창을 닫으면 모두 저절로 되돌립니다.
tunable-does-ema = 커널의 평균이 트래픽을 얼마나 빨리 따라갈지 정합니다.
tunable-does-power = 커널이 모든 경로의 측정값에 곱하는 수입니다.
tunable-does-route = 새 연결을 회선들에 어떻게 나눌지 정합니다.
tunable-does-own = 새 연결을 가장 안정적인 회선으로 보내고 진행 중인 연결은 그대로 둡니다.
tunable-value = 지금 { $current }
tunable-change = 원래 { $original }, 지금 { $current }
tunable-idle = 원래 그대로
tunable-held = 적용 중, 나중에 되돌림
tunable-stepped-back = 다른 프로그램이 바꾸어 그대로 둠
tunable-failed = 커널이 거부함
tunable-vanished = 사라짐

## No helper
absent-no-bus = 시스템 버스가 응답하지 않아 도우미에 연결할 수 없습니다.
absent-not-running = 도우미가 실행되고 있지 않습니다.
absent-not-installed = 도우미가 설치되어 있지 않습니다.
absent-torn = 도우미의 일부가 사라졌습니다.
absent-silent = 도우미가 응답하지 않습니다.
absent-package = 게임 모드와 조정에 필요합니다. Evenkeel 패키지가 있는 폴더에서 이 명령으로 설치하세요.
absent-bundle = 게임 모드와 조정에 필요합니다. Evenkeel 묶음을 푼 폴더에서 이 명령으로 설치하세요.
absent-source = 게임 모드와 조정에 필요합니다. Evenkeel 소스 폴더에서 이 명령으로 설치하세요.
absent-mend = 시스템 업데이트로 없어졌습니다. 이 명령으로 되돌려 놓으세요.
absent-start = 게임 모드와 조정에 필요합니다. 이 명령으로 시작하세요.
absent-restart = 게임 모드와 조정에 필요합니다. 이 명령으로 다시 시작하세요.
absent-lost-helps = 그래프는 그대로 있고 도우미를 계속 찾고 있습니다. 이 명령으로 되살릴 수 있습니다.
absent-alone = 게임 모드와 조정에는 도우미가 필요합니다.
absent-lost = 그래프는 그대로 남아 있습니다. 계속 찾고 있으니 따로 할 일은 없습니다.
absent-tune = 조정하려면 도우미가 필요합니다
absent-waiting = 도우미가 시작되면 저절로 알아차립니다.

## Notices
notice-close = 닫기
notice-helper-back = 도우미가 다시 시작되었습니다. 이 창의 게임 모드와 설정이 끝났으니 다시 켜 주세요.
notice-still-held = 다른 프로그램도 사용 중이어서 게임 모드가 계속 켜져 있습니다.
notice-feed = 실시간 측정이 끊겼습니다. 다시 연결하는 중입니다.
notice-not-authorized = 이 세션에서는 허용되지 않습니다. 바뀐 것은 없습니다.
notice-out-of-range = 값이 범위를 벗어났거나 회선이 사라졌습니다. 바뀐 것은 없습니다.
notice-not-supported = 이 기기에서는 할 수 없습니다. 바뀐 것은 없습니다.
notice-busy = 도우미가 바쁩니다. 바뀐 것은 없으니 다시 시도해 주세요.
notice-limits = 도우미에 연결된 프로그램이 너무 많습니다. 바뀐 것은 없으니 하나를 닫고 다시 시도해 주세요.
notice-conflict = 다른 프로그램이 경로를 바꾸고 있어 건드리지 않았습니다. 잠시 뒤 다시 시도해 주세요.
notice-kernel = 커널이 거부했습니다.
notice-bus = 시스템 버스가 막았습니다. 바뀐 것은 없습니다.
notice-uplink-gone = 그 회선은 사라졌습니다. 바뀐 것은 없습니다.
notice-no-power = 이 커널에는 전력 비용 설정이 없습니다. 대신 회선 비용을 정해 주세요.
notice-unreachable = 도우미가 응답하지 않습니다. 다시 연결하는 중입니다.
notice-own = 도우미가 문제를 알렸습니다.
notice-settings = 설정을 그대로 쓸 수 없어 기본값을 대신 씁니다. 설정을 바꾸기 전까지 파일은 건드리지 않습니다.
notice-unsaved = 선택한 것을 저장하지 못했습니다. 창을 닫을 때까지만 적용됩니다.

## What the helper says in its own words
helper-said = 도우미의 기록(영어): { $said }
detail-same-subnet = { $one }, { $other } 회선이 같은 네트워크에 있습니다.
tunable-put-back = 다른 프로그램이 원래 값으로 되돌림

## Numbers with their units
unit-percent = { $value }%
unit-milliseconds = { $value } ms
unit-ms = ms

## Places that come later
later-badge = 이 창에는 아직 없음
later-today = 지금 쓸 수 있는 것
later-go = 실시간 보기
later-measure-title = 말 대신 증거로
later-measure-what = 게임 모드를 번갈아 켜고 끄며 양쪽을 측정해, 나아졌는지 나빠졌는지 차이가 없는지 한 문장으로 알려 드릴 곳입니다.
later-measure-live = 실시간 화면의 ‘게임 모드 효과’에서 새 연결과 회선 평균을 비교해 볼 수 있습니다.
later-measure-terminal = 터미널에서는 지금도 측정할 수 있습니다. 7~10분쯤 걸립니다.

## Spikes
spikes-hour = 최근 1시간 동안 { $count }번 튐: { $parts }
spikes-hour-none = 최근 1시간 동안 핑이 튀지 않았습니다.
spikes-part = { $who } { $count }번
among-device = 이 기기
among-wifi = 와이파이
among-line = 공유기나 회선
among-internet = 인터넷
among-unknown = 원인 모름
spikes-none = 아직 튄 적이 없습니다
spikes-watched-for = { $time } 동안 지켜보았지만 평소와 다른 점이 없었습니다.
spikes-what = 핑이 튀면 2초 뒤에 여기에 나타납니다. 이 기기, 와이파이, 공유기, 인터넷 가운데 어디에서 왔는지 근거와 함께 보여 드립니다.
spikes-watched = 이 목록이나 그래프가 보이는 동안, 그리고 게임 모드가 켜져 있는 동안 지켜봅니다.
spikes-alone = 도우미가 없으면 이 목록이나 그래프가 보이는 동안에만 이 창이 직접 지켜봅니다. 공유기가 핑에 응답하면 같은 원인들을 가려낼 수 있습니다.
spikes-lost = 도우미가 사라졌지만 알려 준 내용은 남아 있습니다. 도우미가 돌아올 때까지 이 창이 직접 지켜봅니다.
spikes-all = 전체
spikes-more = 이전 { $count }개 더 보기
spike-worst = { $worst } (보통 { $usual })
spike-worst-lost = { $worst }, { $count }개 손실
spike-lost = { $count }개 손실, 응답 없음
spike-stood = { $time } 동안 멈춤
spike-machine = 기기 전체
spike-former = 지금은 없는 회선
spike-one-probe = 측정 한 번
spike-length = { $seconds }초 동안
spike-probes = 측정 { $sent }번 중 { $count }번이 평소와 다름
spike-back = 목록으로
spike-seen = 확인된 사실
spike-advice = 할 수 있는 일
spike-rule = 규칙: { $rule }
spike-no-graph = 그때는 이 창이 측정하지 않아 보여 드릴 그래프가 없습니다.
blamed-brief = { $who }: { $rule }

who-device = 이 기기
who-wifi = 와이파이
who-line = 공유기나 회선
who-internet = 인터넷
who-unknown = 원인 모름

rule-stalled = 프로그램이 멈춤
rule-switched-off = 이 기기에서 끔
rule-disconnected = 연결이 끊김
rule-roamed = 다른 공유기로 옮김
rule-carrier-lost = 링크가 끊김
rule-own-queue = 보낼 대기열이 참
rule-receive-queue-full = 받는 대기열이 넘침
rule-starved = 너무 바빠 처리 못 함
rule-everywhere-at-once = 모든 회선이 동시에
rule-scanned = 주변 검색 중
rule-channel-switched = 채널이 바뀜
rule-retried = 무선에서 다시 보냄
rule-weak-signal = 신호가 약함
rule-link-errors = 손상된 프레임
rule-line-full = 이 기기가 회선을 채움
rule-near = 공유기까지가 느림
rule-beyond = 공유기 너머가 느림
rule-unexplained = 뚜렷한 근거가 없음

why-stalled = 이 기기의 프로그램이 잠시 멈추었고 네트워크에는 이상이 없었습니다. 이럴 때는 네트워크가 좋아도 게임이 끊깁니다.
why-switched-off = 이 기기에서 무언가가 인터페이스를 껐습니다.
why-disconnected = 와이파이 연결이 끊겨 다시 연결해야 했습니다.
why-roamed = 와이파이가 다른 공유기로 옮겨 가느라 잠시 걸렸습니다.
why-carrier-lost = 링크가 잠시 끊겼습니다.
why-own-queue = 패킷이 이 기기의 대기열에서 기다리다 나갔습니다.
why-receive-queue-full = 패킷은 도착했지만 이 기기의 받는 대기열이 가득 차 있었습니다.
why-starved = 프로세서가 네트워크를 처리할 시간이 없었습니다.
why-everywhere-at-once = 모든 회선이 각자의 공유기까지 느렸습니다. 함께 쓰는 것은 이 기기뿐입니다.
why-scanned = 와이파이가 다른 채널을 살피는 동안 패킷이 기다립니다.
why-channel-switched = 공유기가 다른 채널로 옮겼습니다.
why-retried = 무선에서 프레임이 사라져 다시 보내야 했습니다.
why-weak-signal = 와이파이 신호가 약해 패킷이 늦어졌습니다.
why-link-errors = 공유기로 가는 길에 프레임이 손상되었습니다.
why-line-full = 이 기기가 주고받는 데이터가 회선을 채워 게임 패킷이 그 안에서 기다렸습니다.
why-near = 공유기까지 가는 길이나 공유기가 이미 느렸고, 다른 징후는 없었습니다.
why-beyond = 공유기까지는 괜찮았습니다. 느린 곳은 그 너머의 회선이나 인터넷입니다.
why-unexplained = 확인된 사실만으로는 누구 탓인지 알 수 없고, 짐작으로 말하지 않습니다.

seen-usually = { $fact } (보통 { $usual })
seen-switched-off = 이 기기에서 인터페이스를 껐습니다
seen-carrier-lost = 링크가 끊겼습니다
seen-disconnects = 와이파이 연결이 끊겼습니다
seen-roams = 다른 공유기로 옮겨 갔습니다
seen-channel-switches = 와이파이 채널이 바뀌었습니다
seen-scans = 와이파이 주변 검색 중이었습니다
seen-beacon-losses = 공유기의 신호가 잠시 들리지 않았습니다
seen-late = 프로그램이 { $time } 늦게 깨어났습니다
seen-softnet-dropped = 도착하자마자 버려진 패킷 { $count }개
seen-own-queue = 측정 패킷이 이 기기의 대기열에서 { $time } 기다렸습니다
seen-backlog = 보낼 데이터 { $size } kB가 기다리고 있었습니다
seen-queue-drops = 이 기기의 대기열이 버린 패킷 { $count }개
seen-rx-errors = 손상되어 도착한 프레임 { $count }개
seen-tx-errors = 보내지 못한 프레임 { $count }개
seen-tx-dropped = 보내기 전에 버려진 프레임 { $count }개
seen-radio-failed = 끝내 보내지 못한 와이파이 프레임 { $count }개
seen-retries = 와이파이 프레임의 { $percent }를 다시 보냈습니다
seen-signal = 와이파이 신호 { $signal }
seen-cpu-stall = 프로그램이 시간의 { $percent } 동안 프로세서를 기다렸습니다
seen-io-stall = 모두가 시간의 { $percent } 동안 디스크를 기다렸습니다
seen-memory-stall = 모두가 시간의 { $percent } 동안 메모리를 기다렸습니다
seen-throttles = 프로세서가 뜨거워져 느려졌습니다
seen-softnet-squeezed = 다른 일이 많아 받기를 중간에 멈추었습니다
seen-route-changes = 기본 경로가 바뀌었습니다
seen-address-changes = 회선의 주소가 바뀌었습니다
seen-sent = 이 기기가 { $rate }로 보내고 있었습니다
seen-received = 이 기기가 { $rate }로 받고 있었습니다
seen-gateway-lost = 공유기가 측정 { $sent }번 중 { $count }번 응답하지 않았습니다
seen-gateway-share = 공유기부터 이미 느렸습니다. 늦어진 시간의 { $percent }가 거기까지입니다
seen-gateway-calm = 공유기는 평소처럼 응답했습니다
seen-gateway-silent = 공유기가 핑에 응답하지 않아 어느 쪽이 느렸는지 가를 수 없습니다
seen-others-calm = 그동안 다른 회선 { $all }개는 안정적이었습니다
seen-others-hit = 다른 회선 { $all }개 중 { $count }개도 튀었습니다
unit-mbit = { $value } Mbit/s
unit-dbm = { $value } dBm

advice-device = 뒤에서 돌아가는 프로그램을 닫고, 기기를 식히고 전원에 연결해 주세요.
advice-switched-off = 네트워크를 끄는 키나 스위치, 프로그램이 있는지 살펴보세요.
advice-full = 게임하는 동안 이 기기의 업로드와 다운로드를 멈추거나 속도를 제한해 주세요.
advice-scan = 게임하는 동안 와이파이 목록을 닫아 두세요. 주변을 살필 때마다 잠시 멈춥니다.
advice-wifi = 공유기 가까이에서 하거나 5·6 GHz를 쓰세요. 어떤 와이파이보다 케이블이 안정적입니다.
advice-cable = 꽂힌 곳을 확인하고 다른 케이블이나 공유기의 다른 단자를 써 보세요.
advice-line = 자꾸 생기면 그 시간에 누가 공유기를 쓰는지 보고, 공유기를 다시 켜 보세요.
advice-internet = 이 기기에서 할 수 있는 일은 없습니다. 회선이 하나 더 있으면 게임 모드가 피해 갈 수 있고, 저녁마다 생기면 통신사에 물어보세요.
advice-unknown = 한두 번이라면 걱정하지 않아도 됩니다. 잦으면 언제, 무엇을 할 때 생기는지 적어 두세요.

game-line-silent = { $game }: 다른 기기와 연결되어 있지 않습니다.
game-line-unknown = { $game }: UDP를 쓰며 상대를 드러내지 않아 밖에서는 핑을 알 수 없습니다.
game-line-waiting = { $game }: { $peer }에 UDP로 연결됨. 얼마나 먼지 묻고 있습니다…
game-line-mute = { $game }: { $peer }에 UDP로 연결됨. 서버가 핑에 응답하지 않아 게임의 핑을 알 수 없습니다.
game-line-now = 지금 { $rtt }
game-line-jitter = 지터 { $jitter }
game-line-lost = 손실 { $percent }
game-line-again = 다시 보냄 { $count }번
game-line-udp = UDP, 핑으로 확인
game-line-tcp = TCP, 커널이 측정

## Settings
settings-title = 이 창
settings-language = 언어
settings-language-hint = ‘시스템’은 데스크톱 설정을 따릅니다.
settings-theme = 색상
settings-theme-hint = ‘시스템’은 데스크톱 설정을 따릅니다.
settings-text = 크기
settings-text-hint = 글자와 버튼의 크기입니다.
settings-refresh = 1초당 그래프 갱신 횟수
settings-refresh-hint = 보고 있을 때만 적용됩니다. 적을수록 배터리를 아낍니다.
settings-target = 측정에 쓸 주소
settings-target-hint = 도우미가 없을 때만 씁니다. 있으면 /etc/evenkeel/evenkeeld.toml을 따릅니다.
settings-target-no-address = “{ $text }”: 1.1.1.1 같은 주소가 아닙니다. 계속 { $kept } 주소를 씁니다.
settings-target-unfit = { $text } 주소는 회선을 거쳐 응답하지 않습니다. 계속 { $kept } 주소를 씁니다.
settings-notify = 알림
settings-notify-hint = 게임 중에 확인할 일이 생기면 짧게 알려 줍니다.
settings-close = 창을 닫을 때
settings-close-hint = 게임 모드를 어떻게 할지 정합니다.
choice-system = 시스템
choice-off = 끄기
choice-on = 켜기
language-english = English
language-korean = 한국어
theme-dark = 어둡게
theme-light = 밝게
theme-contrast = 고대비
close-ask = 물어보기
close-keep = 계속 켜 두기
close-end = 끄기

facts-title = 설치된 것
fact-app = Evenkeel
fact-helper = 도우미(evenkeeld)
fact-helper-runs = { $version }, 실행 중
fact-helper-absent = 설치되지 않았거나 실행되지 않았습니다.
fact-helper-needed = 게임 모드와 조정에 필요합니다.
fact-helper-differs = 이 창과 버전이 다릅니다. 둘 다 업데이트해 주세요.
fact-kernel = 커널
fact-linux = Linux { $release }
fact-kernel-stock = lowpower 패치가 없지만, 없어도 됩니다.
fact-kernel-patched = lowpower 패치가 있습니다.
fact-ability = 여기서 할 수 있는 것
ability-alone = 지켜보기만 하고 바꾸지 않음
ability-ecmp = 새 연결을 가장 안정적인 회선으로 보냄
ability-lowpower = 커널이 회선을 고르는 방식을 정함
ability-observe = 고를 것이 없어 지켜보기만 함
fact-file = 설정 파일
fact-no-file = 홈 폴더가 없어 설정을 저장하지 않습니다
config-unreadable = { $line }번째 줄 { $column }번째 글자부터 읽을 수 없습니다.
config-too-large = 설정 파일이라기에는 너무 큽니다.
config-unopened = 열 수 없습니다: { $said }
config-values = 쓸 수 없는 값이 있습니다: { $names }

## First start
welcome-title = 핑을 고르게, Evenkeel
welcome-measures = 인터넷 회선마다 얼마나 빠르고 고르게 응답하는지 재서 그래프로 보여 줍니다.
welcome-steers = 회선이 둘 이상이면, 게임 모드가 그때부터 새로 맺는 연결을 가장 안정적인 회선으로 보냅니다.
welcome-undoes = 끄면 모든 것이 원래대로 돌아갑니다.
welcome-found = 이 기기에서 찾은 것
welcome-uplinks = 인터넷 회선
welcome-no-uplinks = 아직 없습니다. 연결하면 바로 나타납니다.
welcome-looking = 회선을 찾는 중입니다…
welcome-no-helper = 없어도 보는 것은 됩니다.
welcome-will = 하는 일
welcome-wont = 하지 않는 일
welcome-will-probe = 보고 있거나 게임을 할 때, 회선마다 1초에 몇 번 아주 작은 신호 보내기
welcome-will-route = 직접 켤 때만 경로나 패치된 커널의 설정 두 가지 바꾸기
welcome-wont-move = 진행 중인 연결 옮기기(직접 만든 경로는 예외)
welcome-wont-touch = DNS·방화벽·와이파이 설정 바꾸기, 사용자 정보 보내기
welcome-go = 내 회선 보러 가기

## Strip
strip-on = 켜짐
strip-off = 꺼짐
strip-no-helper = 도우미 없음
strip-nothing = 연결 없음

## A gamepad's buttons
pad-press = 누르기
pad-back = 뒤로
pad-pause = 일시정지
pad-game-mode = 게임 모드
pad-places = 화면 이동
pad-read-out = 그래프 훑어보기

## Closing the window in game mode
question-title = 게임 모드를 계속 켜 둘까요?
question-explain = 이 창이 게임 모드를 켜 두고 있습니다. 창을 닫을 때 게임 모드를 계속 켜 두거나 함께 끝낼 수 있습니다.
question-later = 계속 켜 두면 여기서 스위치를 다시 누르거나 “{ $command }”를 실행하거나 컴퓨터를 다시 시작할 때까지 유지됩니다.
question-keep = 켜 두고 닫기
question-end = 끝내고 닫기
question-stay = 닫지 않기
question-remember = 다시 묻지 않기

## Notifications
note-ended = 게임 모드가 끝났습니다
note-ended-body = 이 창에서 끝낸 것이 아닙니다. 새 연결은 시스템의 원래 경로로 갑니다.
note-died = { $uplink } 회선이 응답하지 않습니다
note-back = { $uplink } 회선이 다시 응답합니다
note-leads = 지금은 { $uplink } 회선이 가장 안정적입니다
note-leads-body = 새 연결은 이 회선으로 갑니다.

## Table and graphs of recordings
table-unit = ms 단위
table-sent = 측정 횟수
table-lost = 손실
table-min = 최소
table-mean = 평균
table-median = 중앙값
table-p95 = p95
table-p99 = p99
table-max = 최대
table-stdev = 표준편차
table-over = { $value } 초과
table-ratio = “{ $after }”의 p99는 “{ $before }”의 { $ratio }배입니다(다시 뽑은 100번 가운데 95번은 { $low }~{ $high }배). 이 두 기록을 설명하는 값입니다.
table-before-after = 하나씩 차례로 기록해서는 아무것도 증명되지 않습니다. 달라진 것이 없어도 이런 구간은 비교 100번 가운데 41번, 심하면 92번이나 차이가 있다고 했습니다. 번갈아 재야 알 수 있습니다: evenkeel measure
table-no-times = { $name }: 언제 보냈는지 적혀 있지 않아 1초에 한 번씩 보낸 것으로 봅니다.
table-averages = { $name }: mtr은 평균만 남기므로 백분위수와 그래프가 없습니다.
table-few = 응답이 100개보다 적으면 p99는 가장 느린 응답과 거의 같습니다.
graph-cdf = 이 시간 안에 온 응답 (누적)
graph-histogram = 왕복 시간 분포
graph-tail = 가장 느린 응답 확대
graph-rtt = 왕복 시간 (ms)
graph-seconds = 시작부터 지난 시간 (초)
graph-more = 마지막 막대: { $value } ms 이상
graph-lost-of = { $sent }번 가운데 { $lost }번 손실

## Report
report-title = Evenkeel 보고서
report-made = { $time } · Evenkeel { $version }
report-machine = 이 컴퓨터
report-system = 시스템
report-no-uplinks = 여기서는 알 수 없습니다.
report-figures = 수치
report-graphs = 그래프
report-live = 모든 회선을 함께 { $seconds }초 동안 측정했습니다.
report-alone = 도우미 없이 { $target }을 { $seconds }초 동안 측정했습니다.
report-files = 기록에서: { $names }
report-no-samples = 측정하지 못했습니다. 도우미도 { $target }도 응답하지 않습니다.
report-doctor = 설치 상태
report-hidden = 사설 주소와 이 컴퓨터의 주소, 하드웨어 주소, 컴퓨터와 사용자의 이름은 이 문서에서 뺐습니다.
report-open = 요청하신 대로 주소와 이름을 그대로 두었습니다.
report-written = { $path } 파일을 썼습니다. 올리기 전에 한번 살펴보세요.
report-address = [주소 { $number }]
report-hardware = [하드웨어 주소]
report-computer = [컴퓨터]
report-user = [사용자]
