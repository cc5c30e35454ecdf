//! The settings file on disk: found, read with a bound, written as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{Settings, Trouble, format, parse};

/// No settings file of ours is larger.
const MAX_BYTES: u64 = 64 * 1024;
const FOLDER: &str = "evenkeel";
const FILE: &str = "settings.json";

/// Where the settings are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    path: PathBuf,
    /// True while the file holds something we could not use; a copy is made before it is replaced.
    bad: bool,
}

/// What was found at the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The settings, defaults where there were none.
    pub settings: Settings,
    /// What was wrong with the file.
    pub trouble: Option<Trouble>,
}

impl Store {
    /// The user's, by the environment; `None` when it names no home.
    pub fn of_user(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let absolute = |name: &str| {
            let path = PathBuf::from(variable(name)?);
            path.is_absolute().then_some(path)
        };
        let base = absolute("XDG_CONFIG_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
        Some(Self::at(base.join(FOLDER).join(FILE)))
    }

    /// A file of one's own choice.
    pub fn at(path: PathBuf) -> Self {
        Self { path, bad: false }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file; one that is not there is no trouble. Nothing is written.
    pub fn load(&mut self) -> Loaded {
        let (settings, trouble) = match read(&self.path) {
            Ok(Some(text)) => parse(&text),
            Ok(None) => (Settings::default(), None),
            Err(trouble) => (Settings::default(), Some(trouble)),
        };
        self.bad = trouble.is_some();
        Loaded { settings, trouble }
    }

    /// Replaces the file as a whole. What could not be used is first kept beside it with `.bad`
    /// at the end of its name.
    ///
    /// # Errors
    /// When the folder cannot be written; the old file is then still there.
    pub fn save(&mut self, settings: &Settings) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        if self.bad {
            match fs::rename(&self.path, beside(&self.path, "bad")) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => self.bad = false,
            }
        }
        let new = beside(&self.path, "new");
        let mut file = File::create(&new)?;
        file.write_all(format(settings).as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, &self.path)
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn read(path: &Path) -> Result<Option<String>, Trouble> {
    let said = |error: io::Error| Trouble::NotOpened(error.to_string());
    match fs::metadata(path) {
        // A pipe or a device would be waited for without end.
        Ok(about) if !about.is_file() => {
            return Err(Trouble::NotOpened("not a regular file".to_owned()));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(said(error)),
    }
    let file = File::open(path).map_err(said)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(said)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Trouble::TooLarge);
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A store in an empty folder of its own.
    fn store() -> Store {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("evenkeel-settings-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&folder);
        Store::at(folder.join("evenkeel").join(FILE))
    }

    fn put(store: &Store, content: &[u8]) {
        fs::create_dir_all(store.path().parent().unwrap()).unwrap();
        fs::write(store.path(), content).unwrap();
    }

    fn noted() -> Settings {
        Settings {
            notify: true,
            ..Settings::default()
        }
    }

    #[test]
    fn the_file_is_found_where_the_desktop_says() {
        let of = |variables: &[(&str, &str)]| {
            let store = Store::of_user(|name| {
                let found = variables.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| (*value).to_owned())
            })?;
            Some(store.path().display().to_string())
        };
        let named = of(&[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")]);
        assert_eq!(named.as_deref(), Some("/c/evenkeel/settings.json"));
        // The specification wants relative paths ignored.
        let home = of(&[("XDG_CONFIG_HOME", "c"), ("HOME", "/h")]);
        assert_eq!(home.as_deref(), Some("/h/.config/evenkeel/settings.json"));
        assert_eq!(of(&[("XDG_CONFIG_HOME", ""), ("HOME", "")]), None);
    }

    #[test]
    fn nothing_there_means_defaults_and_nothing_is_written() {
        let mut store = store();
        let loaded = store.load();
        assert_eq!(
            (loaded.settings, loaded.trouble),
            (Settings::default(), None)
        );
        assert!(!store.path().exists());
    }

    #[test]
    fn what_is_saved_is_loaded_and_no_other_file_is_left() {
        let mut store = store();
        store.save(&noted()).unwrap();
        assert_eq!(store.load().settings, noted());
        let folder = fs::read_dir(store.path().parent().unwrap()).unwrap();
        assert_eq!(folder.count(), 1);
    }

    #[test]
    fn a_bad_file_is_left_alone_until_something_is_saved_and_kept_then() {
        let mut store = store();
        put(&store, b"{ theme: dark }");
        assert!(store.load().trouble.is_some());
        assert_eq!(fs::read(store.path()).unwrap(), b"{ theme: dark }");
        store.save(&noted()).unwrap();
        let kept = store.path().with_file_name("settings.json.bad");
        assert_eq!(fs::read(&kept).unwrap(), b"{ theme: dark }");
        assert_eq!(store.load().trouble, None);
        // A good file replaces nothing that was kept.
        store.save(&Settings::default()).unwrap();
        assert_eq!(fs::read(kept).unwrap(), b"{ theme: dark }");
    }

    #[test]
    fn a_huge_file_and_what_is_no_file_are_refused_unread() {
        let mut store = store();
        put(&store, &vec![b' '; MAX_BYTES as usize + 1]);
        assert_eq!(store.load().trouble, Some(Trouble::TooLarge));
        fs::remove_file(store.path()).unwrap();
        fs::create_dir(store.path()).unwrap();
        assert!(matches!(store.load().trouble, Some(Trouble::NotOpened(_))));
        fs::remove_dir(store.path()).unwrap();
        put(&store, &[b'{', 0xff, 0xfe, b'}']);
        let trouble = store.load().trouble;
        assert!(matches!(trouble, Some(Trouble::NotReadable { .. })));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told_and_the_old_file_stays() {
        let mut store = store();
        store.save(&noted()).unwrap();
        // Also for a superuser, whom permissions do not stop.
        fs::create_dir(beside(store.path(), "new")).unwrap();
        let folder = store.path().parent().unwrap().to_owned();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
        assert!(store.save(&Settings::default()).is_err());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(store.load().settings, noted());
    }
}
