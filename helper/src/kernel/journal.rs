//! journal
use thiserror::Error;
/// Why.
#[derive(Debug, Error)]
pub enum JournalError {
    /// Another instance.
    #[error("in use")]
    InUse {},
}
