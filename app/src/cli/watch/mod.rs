//! placeholder while compiling
use std::io::Write;
pub async fn run(_: &super::args::WatchArgs, _: &mut dyn Write) -> Result<(), super::Failure> {
    Ok(())
}
