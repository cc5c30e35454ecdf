// The commands and the page that mend what is missing: one place, as the installer has them.

/** Installs the helper: run in the unpacked release. */
export const INSTALL_COMMAND = "sudo ./install.sh";
/** Says what is wrong with an installation and what to do. */
export const DOCTOR_COMMAND = "evenkeel doctor";
/** Lets the plugin in; the file was brought by the installation and only root can change it. */
export const permissionCommand = (rules: string): string =>
  `sudo install -m 644 ${rules} /etc/polkit-1/rules.d/`;
export const INSTALL_PAGE = "https://github.com/evenkeel/evenkeel#readme";
