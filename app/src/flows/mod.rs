//! The connections of this machine's programs, as the kernel knows them; reads only, sends nothing,
//! needs no privilege. Which of them are the game's is decided in the core.
//!
//! Without a privilege only one's own programs can be looked into: the sockets of others are listed
//! without a program. Sockets in other network namespaces (containers, some sandboxes) are not seen.

mod diag;
mod programs;

use std::io;

use evenkeel_core::flows::{Flow, Program};

/// What there is at one moment.
#[derive(Debug, Clone, Default)]
pub struct Flows {
    /// The programs that can be seen.
    pub programs: Vec<Program>,
    /// Their connections, and those of programs that can't be looked into.
    pub flows: Vec<Flow>,
}

impl Flows {
    /// Looks once.
    ///
    /// # Errors
    /// When the kernel does not tell of sockets, or there are too many.
    pub fn look() -> io::Result<Self> {
        let sockets = diag::sockets()?;
        let (programs, owners) = programs::look(std::path::Path::new("/proc"))?;
        let flows = sockets.into_iter().map(|(inode, flow)| Flow {
            pid: owners.get(&inode).copied(),
            ..flow
        });
        Ok(Self {
            flows: flows.collect(),
            programs,
        })
    }

    /// The name of a program.
    pub fn name(&self, pid: u32) -> Option<&str> {
        let program = self.programs.iter().find(|program| program.pid == pid)?;
        Some(&program.name)
    }
}
