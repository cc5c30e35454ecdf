// Which of the plugin's two languages Steam speaks.

export type Language = "en" | "ko";

interface SteamWindow {
  LocalizationManager?: { m_rgLocalesToUse?: string[] };
  SteamClient?: { Settings?: { GetCurrentLanguage?: () => Promise<string> } };
}

/** Steam names its languages in English words ("koreana"), its texts by code ("ko"). */
export function languageOf(name: string | undefined): Language {
  return /^ko/i.test(name ?? "") ? "ko" : "en";
}

/** What is known at once. */
export function languageNow(): Language {
  const steam = window as unknown as SteamWindow;
  return languageOf(steam.LocalizationManager?.m_rgLocalesToUse?.[0] ?? navigator.language);
}

/** What Steam's settings say; the fallback where they cannot be asked. */
export async function languageOfSteam(fallback: Language): Promise<Language> {
  const ask = (window as unknown as SteamWindow).SteamClient?.Settings?.GetCurrentLanguage;
  if (!ask) return fallback;
  try {
    return languageOf(await ask.call((window as unknown as SteamWindow).SteamClient?.Settings));
  } catch {
    return fallback;
  }
}
