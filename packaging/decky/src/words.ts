// The panel's texts in English and Korean. One entry per sentence; the types keep both complete.

import type { Language } from "./language";
import type { Refusal, Remedy } from "./backend";

export interface Words {
  gameMode: string;
  gameModeFor(game: string): string;
  gameModeRemembered(game: string): string;
  gameModeAlways: string;
  gameModeByGame(game: string): string;
  gameModeNoMemory: string;
  switching: string;
  sensitivity: string;
  sensitivityNow: string;
  sensitivityLater: string;
  calm: string;
  sharp: string;
  connection: string;
  steadiest: string;
  noLeader: string;
  ping: string;
  jitter: string;
  lost: string;
  minute: string;
  noAnswer: string;
  warming: string;
  noCable: string;
  notMeasured: string;
  waitingForAnswer: string;
  kinds: [string, string, string, string, string];
  off: string;
  offDraining(minutes: number): string;
  onSteered(families: string, uplink: string): string;
  onKernel(factor: number): string;
  onNothing(why: string): string;
  onWaiting: string;
  others: string;
  bothFamilies: string;
  watchingOnly(why: string): string;
  reasons: string[];
  reasonUnknown: string;
  refused: Record<Refusal["word"], string>;
  refusedTitle: string;
  emaRefusedTitle: string;
  ownTitle: string;
  helperSays(sentence: string): string;
  searching: string;
  restartingTitle: string;
  restarting: string;
  restartingHeld: string;
  lacks: Record<Remedy["lack"], { title: string; text: string }>;
  noBusTitle: string;
  noBus: string;
  permissionTitle: string;
  permission: string;
  permissionNoFile: string;
  permissionNoMember: string;
  permissionInForce: string;
  inDesktopMode: string;
  openPage: string;
  backendGoneTitle: string;
  backendGone: string;
}

const en: Words = {
  gameMode: "Game mode",
  gameModeFor: (game) => `Will be remembered for ${game}.`,
  gameModeRemembered: (game) => `Remembered: on when ${game} starts, off when it ends.`,
  gameModeAlways: "Sends new connections to the steadiest link.",
  gameModeByGame: (game) => `On because ${game} is running; off when it ends.`,
  gameModeNoMemory: "The settings folder cannot be written, so nothing is remembered.",
  switching: "One moment…",
  sensitivity: "Sensitivity",
  sensitivityNow: "How soon a link that becomes unsteady is left.",
  sensitivityLater: "Comes into force with game mode.",
  calm: "calm",
  sharp: "sharp",
  connection: "Connection",
  steadiest: "steadiest",
  noLeader: "No steadiest link yet",
  ping: "Ping",
  jitter: "Jitter",
  lost: "lost",
  minute: "Last minute",
  noAnswer: "no answer",
  warming: "getting to know it",
  noCable: "no link",
  notMeasured: "not measured",
  waitingForAnswer: "Waiting for the first answer…",
  kinds: ["Link", "Ethernet", "Wi-Fi", "Cellular", "Tethering"],
  off: "Game mode is off. Nothing is changed.",
  offDraining: (minutes) =>
    `Game mode is off. Running connections keep their link, ${minutes} min at most.`,
  onSteered: (families, uplink) => `New ${families} connections go to ${uplink}.`,
  onKernel: (factor) => `The kernel chooses the link, with sensitivity ${factor}.`,
  onNothing: (why) => `Game mode is on, but nothing can be steered now. ${why}`,
  onWaiting: "Waiting for the helper to put game mode in force again.",
  others: "Another program keeps game mode on.",
  bothFamilies: "IPv4 and IPv6",
  watchingOnly: (why) => `Watching only. ${why}`,
  reasons: [
    "Everything needed is here.",
    "No link leads to the internet.",
    "There is one link, so there is no other to prefer.",
    "No route spreads over the links.",
    "The route is made of nexthop objects, which are left alone.",
    "There are so many routes that this looks like a router.",
    "A route also leaves by something that is no link of ours.",
    "The kernel has only one of its two lowpower settings.",
    "The kernel's lowpower settings cannot be read.",
    "The kernel's links or routes cannot be read.",
    "There is no default route.",
    "Everything goes through a VPN or the like.",
    "Another program's routing rules are in the way.",
    "Another program uses our route numbers.",
    "Two links lead to the same network.",
    "The system's route already comes before everything.",
    "Another program kept undoing the routes.",
    "The network stopped answering, so the routes were taken back.",
  ],
  reasonUnknown: "The reason is newer than this plugin; update it.",
  refused: {
    NotAuthorized: "This plugin may not do that yet.",
    OutOfRange: "The value is out of range. Nothing was changed.",
    NotSupported: "This machine cannot do it now. Nothing was changed.",
    Busy: "The helper is busy. Nothing was changed; try again.",
    LimitsExceeded: "Too many programs use the helper. Close one and try again.",
    ConflictingRoutes: "Another program is changing the routes. They were left alone.",
    Kernel: "The kernel refused. Everything was put back.",
    Silent: "The helper did not answer. Nothing was changed.",
    Blocked: "The system bus lets nobody reach the helper.",
    Unknown: "It did not work. Nothing was changed.",
  },
  refusedTitle: "Game mode was refused",
  emaRefusedTitle: "The sensitivity was refused",
  ownTitle: "The helper reports a problem",
  helperSays: (sentence) => `The helper says: ${sentence}`,
  searching: "Looking for the helper…",
  restartingTitle: "The helper is starting again",
  restarting: "This takes a moment.",
  restartingHeld: "This takes a moment. Game mode comes back by itself.",
  lacks: {
    package: {
      title: "The helper is not installed",
      text: "Evenkeel measures and steers through a small system service. In Desktop Mode, run in the folder of its package:",
    },
    bundle: {
      title: "The helper is not installed",
      text: "Evenkeel measures and steers through a small system service. In Desktop Mode, unpack the release and run in its folder:",
    },
    source: {
      title: "The helper is not installed",
      text: "Evenkeel measures and steers through a small system service. There is no package for this system; run in the folder of its source:",
    },
    torn: {
      title: "A system update took parts away",
      text: "Evenkeel is installed, but some of its files are gone. In Desktop Mode, this puts them back:",
    },
    stopped: {
      title: "The helper does not run",
      text: "It is installed. In Desktop Mode, this starts it, now and at every boot:",
    },
    silent: {
      title: "The helper does not answer",
      text: "It is installed, but does not come up. In Desktop Mode, this starts it anew:",
    },
    blocked: {
      title: "The helper cannot be reached",
      text: "The system bus lets nobody through to it. In Desktop Mode, this says why and what to do:",
    },
  },
  noBusTitle: "The system bus does not answer",
  noBus: "Nothing was changed. This page goes on by itself when the bus is back.",
  permissionTitle: "One permission is missing",
  permission: "Game Mode cannot ask for a password. In Desktop Mode, run once:",
  permissionNoFile:
    "Game Mode cannot ask for a password, and this installation brings no rule for the plugin. Install Evenkeel anew with its rule for Decky.",
  permissionNoMember:
    "Game Mode cannot ask for a password. The rule that lets the plugin in is for members of the group wheel, and this user is not one.",
  permissionInForce: "The rule for the plugin is in place, but the system still refuses. In Desktop Mode, this says why:",
  inDesktopMode: "The password is the one you set for sudo.",
  openPage: "Open the install page",
  backendGoneTitle: "The plugin's backend does not answer",
  backendGone: "Reload Evenkeel in Decky's settings.",
};

const ko: Words = {
  gameMode: "게임 모드",
  gameModeFor: (game) => `켜면 ${game} 게임에 기억됩니다.`,
  gameModeRemembered: (game) => `기억됨: ${game} 시작 때 켜지고 끝나면 꺼집니다.`,
  gameModeAlways: "새 연결을 가장 안정적인 회선으로 보냅니다.",
  gameModeByGame: (game) => `${game} 실행 중이라 켜졌고, 끝나면 꺼집니다.`,
  gameModeNoMemory: "설정 폴더에 쓸 수 없어 기억하지 못합니다.",
  switching: "잠시만요…",
  sensitivity: "민감도",
  sensitivityNow: "불안정해진 회선을 얼마나 빨리 떠날지 정합니다.",
  sensitivityLater: "게임 모드를 켜면 적용됩니다.",
  calm: "차분함",
  sharp: "예민함",
  connection: "회선",
  steadiest: "가장 안정적",
  noLeader: "아직 우선하는 회선이 없습니다",
  ping: "핑",
  jitter: "지터",
  lost: "손실",
  minute: "최근 1분",
  noAnswer: "응답 없음",
  warming: "파악하는 중",
  noCable: "연결 끊김",
  notMeasured: "측정 안 함",
  waitingForAnswer: "첫 응답을 기다리는 중입니다…",
  kinds: ["회선", "이더넷", "와이파이", "셀룰러", "테더링"],
  off: "게임 모드가 꺼져 있어 아무것도 바꾸지 않습니다.",
  offDraining: (minutes) => `게임 모드가 꺼졌습니다. 진행 중인 연결은 최대 ${minutes}분 동안 쓰던 회선에 남습니다.`,
  onSteered: (families, uplink) => `새 ${families} 연결은 ${uplink} 회선으로 갑니다.`,
  onKernel: (factor) => `커널이 직접 회선을 고릅니다. 민감도는 ${factor}입니다.`,
  onNothing: (why) => `게임 모드는 켜져 있지만 지금은 고를 것이 없습니다. ${why}`,
  onWaiting: "도우미가 게임 모드를 다시 적용하기를 기다리는 중입니다.",
  others: "다른 프로그램이 게임 모드를 켜 두었습니다.",
  bothFamilies: "IPv4·IPv6",
  watchingOnly: (why) => `지켜보기만 합니다. ${why}`,
  reasons: [
    "필요한 것이 모두 갖춰져 있습니다.",
    "인터넷으로 나가는 회선이 없습니다.",
    "회선이 하나뿐이라 고를 수 없습니다.",
    "여러 회선을 함께 쓰는 경로가 없습니다.",
    "경로가 넥스트홉 객체로 되어 있어 건드리지 않습니다.",
    "경로가 너무 많아 라우터로 보입니다.",
    "회선이 아닌 곳으로 나가는 경로가 섞여 있습니다.",
    "커널에 lowpower 설정 두 개 중 하나만 있습니다.",
    "커널의 lowpower 설정을 읽을 수 없습니다.",
    "커널의 링크나 경로를 읽을 수 없습니다.",
    "기본 경로가 없습니다.",
    "모든 통신이 VPN 같은 것을 거쳐 나갑니다.",
    "다른 프로그램의 경로 규칙과 부딪힙니다.",
    "다른 프로그램이 같은 경로 번호를 쓰고 있습니다.",
    "두 회선이 같은 네트워크로 이어집니다.",
    "시스템 경로가 이미 가장 앞에 있습니다.",
    "다른 프로그램이 경로를 계속 되돌렸습니다.",
    "네트워크가 응답하지 않아 경로를 되돌렸습니다.",
  ],
  reasonUnknown: "이 플러그인이 아직 모르는 이유입니다. 업데이트해 주세요.",
  refused: {
    NotAuthorized: "이 플러그인에는 아직 권한이 없습니다.",
    OutOfRange: "값이 범위를 벗어났습니다. 바뀐 것은 없습니다.",
    NotSupported: "이 기기에서는 지금 할 수 없습니다. 바뀐 것은 없습니다.",
    Busy: "도우미가 바쁩니다. 바뀐 것은 없으니 다시 시도해 주세요.",
    LimitsExceeded: "도우미를 쓰는 프로그램이 너무 많습니다. 하나를 닫고 다시 시도해 주세요.",
    ConflictingRoutes: "다른 프로그램이 경로를 바꾸는 중이라 그대로 두었습니다.",
    Kernel: "커널이 거부해 모두 되돌렸습니다.",
    Silent: "도우미가 응답하지 않습니다. 바뀐 것은 없습니다.",
    Blocked: "시스템 버스가 도우미로 가는 길을 막고 있습니다.",
    Unknown: "되지 않았습니다. 바뀐 것은 없습니다.",
  },
  refusedTitle: "게임 모드를 켤 수 없습니다",
  emaRefusedTitle: "민감도를 바꿀 수 없습니다",
  ownTitle: "도우미에 문제가 있습니다",
  helperSays: (sentence) => `도우미의 설명: ${sentence}`,
  searching: "도우미를 찾는 중입니다…",
  restartingTitle: "도우미가 다시 시작하는 중입니다",
  restarting: "잠시 걸립니다.",
  restartingHeld: "잠시 걸립니다. 게임 모드는 저절로 돌아옵니다.",
  lacks: {
    package: {
      title: "도우미가 설치되어 있지 않습니다",
      text: "Evenkeel은 작은 시스템 서비스로 측정하고 회선을 고릅니다. 데스크톱 모드에서 패키지가 있는 폴더를 열고 실행하세요:",
    },
    bundle: {
      title: "도우미가 설치되어 있지 않습니다",
      text: "Evenkeel은 작은 시스템 서비스로 측정하고 회선을 고릅니다. 데스크톱 모드에서 배포 파일을 풀고 그 폴더에서 실행하세요:",
    },
    source: {
      title: "도우미가 설치되어 있지 않습니다",
      text: "Evenkeel은 작은 시스템 서비스로 측정하고 회선을 고릅니다. 이 시스템용 패키지는 없으니 소스 폴더에서 실행하세요:",
    },
    torn: {
      title: "시스템 업데이트로 일부가 지워졌습니다",
      text: "Evenkeel은 설치되어 있지만 파일 일부가 없습니다. 데스크톱 모드에서 실행하면 되돌려 놓습니다:",
    },
    stopped: {
      title: "도우미가 실행되고 있지 않습니다",
      text: "설치는 되어 있습니다. 데스크톱 모드에서 실행하면 지금부터 부팅할 때마다 시작합니다:",
    },
    silent: {
      title: "도우미가 응답하지 않습니다",
      text: "설치는 되어 있지만 시작되지 않습니다. 데스크톱 모드에서 실행하면 다시 시작합니다:",
    },
    blocked: {
      title: "도우미에 연결할 수 없습니다",
      text: "시스템 버스가 도우미로 가는 길을 막고 있습니다. 데스크톱 모드에서 실행하면 까닭과 해결 방법을 알려 줍니다:",
    },
  },
  noBusTitle: "시스템 버스가 응답하지 않습니다",
  noBus: "바뀐 것은 없습니다. 버스가 돌아오면 저절로 이어집니다.",
  permissionTitle: "권한이 하나 필요합니다",
  permission: "게임 모드 화면에서는 암호를 물을 수 없습니다. 데스크톱 모드에서 한 번만 실행하세요:",
  permissionNoFile:
    "게임 모드 화면에서는 암호를 물을 수 없는데, 설치된 Evenkeel에 플러그인용 규칙이 없습니다. Decky용 규칙과 함께 다시 설치해 주세요.",
  permissionNoMember:
    "게임 모드 화면에서는 암호를 물을 수 없습니다. 플러그인을 허용하는 규칙은 wheel 그룹 사용자를 위한 것인데, 이 사용자는 그 그룹에 없습니다.",
  permissionInForce: "플러그인용 규칙은 들어 있지만 시스템이 여전히 거부합니다. 데스크톱 모드에서 실행하면 까닭을 알려 줍니다:",
  inDesktopMode: "암호는 sudo용으로 정한 것입니다.",
  openPage: "설치 안내 열기",
  backendGoneTitle: "플러그인 백엔드가 응답하지 않습니다",
  backendGone: "Decky 설정에서 Evenkeel을 다시 불러오세요.",
};

export const WORDS: Record<Language, Words> = { en, ko };
