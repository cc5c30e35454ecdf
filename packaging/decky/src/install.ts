// Where and how to mend what is missing. Which command brings the helper depends on the machine and
// is the backend's to know (installation.py).

/** Says what is wrong with an installation and what to do. */
export const DOCTOR_COMMAND = "evenkeel doctor";
/** Lets the plugin in; the file was brought by the installation and only root can change it. */
export const permissionCommand = (rules: string): string =>
  `sudo install -m 644 ${rules} /etc/polkit-1/rules.d/`;
export const INSTALL_PAGE = "https://github.com/evenkeel/evenkeel#readme";
