#include "client/cli/commands.h"

namespace basin::client::cli {

const std::vector<Command>& Commands() {
  static const auto* const commands = new std::vector<Command>{
      RunCommand(),       GalleryCommand(),     UpCommand(),        SubmitCommand(),     ScheduleCommand(),
      ListCommand(),      ShowCommand(),        WatchCommand(),     ResultsCommand(),    TrialsCommand(),
      CurvesCommand(),    ExportCommand(),      ArtifactsCommand(), VerifyCommand(),     SqlCommand(),
      LandscapeCommand(), InterpolateCommand(), CurvatureCommand(), TrajectoryCommand(), PauseCommand(),
      ResumeCommand(),    CancelCommand(),      RetryCommand(),     RmCommand(),         WorkersCommand(),
      DrainCommand(),     DoctorCommand(),      VersionCommand(),   CompletionCommand()};
  return *commands;
}

}  // namespace basin::client::cli
