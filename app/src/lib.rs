//! Evenkeel's client: the window and the command line, one binary. It talks to the helper only
//! through the contract in `evenkeel-dbus`; what it knows of the helper stands in [`state`], what
//! it hears live comes through [`feed`], what it measures through [`measure`]; [`steering`] draws the conclusions that both show.

pub mod cli;
pub mod config;
mod dump;
pub mod export;
pub mod feed;
pub mod flows;
pub mod installation;
pub mod kernel_check;
pub mod logs;
pub mod measure;
pub mod spikes;
pub mod state;
pub mod steering;
pub mod system_bus;
pub mod ui;
pub mod words;
