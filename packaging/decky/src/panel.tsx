// The panel in the quick access menu. What it says is made in status.ts, what it knows comes from
// use-backend.ts.

import { PanelSection, PanelSectionRow, SliderField, ToggleField } from "@decky/ui";
import { useEffect, useMemo, useRef, useState } from "react";
import { setEma, setGameMode } from "./backend";
import { debounce } from "./debounce";
import { type Language, languageNow, languageOfSteam } from "./language";
import { InForce, MissingCard, OtherUplink, RefusedCard, Small, UplinkCard } from "./parts";
import { inForce, missing, refused, shownUplink, sliderIsShown, switchCanMove, switchIsOn, switchWords } from "./status";
import { type Backend, useBackend } from "./use-backend";
import { WORDS, type Words } from "./words";

const EMA_MAX = 1024;
// So many steps from end to end that a thumb can hold the stick for them.
const EMA_STEP = 32;
const EMA_DEFAULT = 512;
const REST_MS = 300;
const MAX_OTHERS = 3;

function useWords(): Words {
  const [language, setLanguage] = useState<Language>(languageNow);
  useEffect(() => {
    let current = true;
    void languageOfSteam(language).then((found) => current && setLanguage(found));
    return () => {
      current = false;
    };
  }, []);
  return WORDS[language];
}

function useSwitch({ take, failed }: Backend) {
  const [asked, setAsked] = useState<boolean | null>(null);
  const press = (on: boolean) => {
    setAsked(on);
    setGameMode(on).then(take, failed).finally(() => setAsked(null));
  };
  return { asked, press };
}

function useSlider({ state, take, failed }: Backend) {
  const [chosen, setChosen] = useState<number | null>(null);
  const latest = useRef({ take, failed });
  latest.current = { take, failed };
  const resting = useMemo(
    () =>
      debounce<number>(REST_MS, (factor) => {
        setEma(factor)
          .then((next) => latest.current.take(next), () => latest.current.failed())
          // A value chosen while this one was on its way stays.
          .finally(() => setChosen((now) => (now === factor ? null : now)));
      }),
    [],
  );
  useEffect(() => () => resting.flush(), [resting]);
  const move = (factor: number) => {
    setChosen(factor);
    resting.call(factor);
  };
  return { value: chosen ?? state?.ema ?? state?.ema_in_force ?? EMA_DEFAULT, move };
}

export function Panel() {
  const words = useWords();
  const backend = useBackend();
  const { state, live, gone } = backend;
  const { asked, press } = useSwitch(backend);
  const slider = useSlider(backend);

  if (gone || !state) {
    return (
      <PanelSection>
        <MissingCard
          words={words}
          missing={
            gone
              ? { title: words.backendGoneTitle, text: words.backendGone, tone: "warn" }
              : { title: words.searching, text: "", tone: "quiet" }
          }
        />
      </PanelSection>
    );
  }

  const lacking = missing(state, words);
  const no = refused(state, words);
  const now = inForce(state, words);
  const front = state.link === "up" ? shownUplink(state, live) : undefined;
  const others = front ? state.uplinks.filter((uplink) => uplink !== front).slice(0, MAX_OTHERS) : [];

  return (
    <>
      <PanelSection>
        <PanelSectionRow>
          <ToggleField
            label={words.gameMode}
            description={<Small>{asked === null ? switchWords(state, words) : words.switching}</Small>}
            checked={asked ?? switchIsOn(state)}
            disabled={!switchCanMove(state)}
            onChange={press}
          />
        </PanelSectionRow>
        {lacking && <MissingCard missing={lacking} words={words} />}
        {no && <RefusedCard {...no} />}
        {now && <InForce {...now} />}
        {sliderIsShown(state) && (
          <PanelSectionRow>
            <SliderField
              label={`${words.sensitivity} · ${slider.value}`}
              description={
                <Small>
                  0 {words.calm} · {EMA_MAX} {words.sharp}.{" "}
                  {state.game_mode && state.wanted ? words.sensitivityNow : words.sensitivityLater}
                </Small>
              }
              value={slider.value}
              min={0}
              max={EMA_MAX}
              step={EMA_STEP}
              onChange={slider.move}
            />
          </PanelSectionRow>
        )}
      </PanelSection>
      {front && (
        <PanelSection title={words.connection}>
          <UplinkCard uplink={front} state={state} live={live} words={words} />
          {others.map((uplink) => (
            <OtherUplink key={uplink.ifindex} uplink={uplink} state={state} live={live} words={words} />
          ))}
        </PanelSection>
      )}
    </>
  );
}
