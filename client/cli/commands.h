#pragma once

#include "client/cli/command.h"

namespace basin::client::cli {

Command RunCommand();
Command GalleryCommand();
Command UpCommand();
Command SubmitCommand();
Command ListCommand();
Command ShowCommand();
Command WatchCommand();
Command ResultsCommand();
Command TrialsCommand();
Command CurvesCommand();
Command ExportCommand();
Command ArtifactsCommand();
Command VerifyCommand();
Command LandscapeCommand();
Command InterpolateCommand();
Command CurvatureCommand();
Command TrajectoryCommand();
Command SqlCommand();
Command PauseCommand();
Command ResumeCommand();
Command CancelCommand();
Command RetryCommand();
Command RmCommand();
Command WorkersCommand();
Command DrainCommand();
Command ScheduleCommand();
Command DoctorCommand();
Command VersionCommand();
Command CompletionCommand();

}  // namespace basin::client::cli
